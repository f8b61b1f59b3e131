import { REASON_MAX_LENGTH } from '../act-of.ts';
import { html, type Html } from '../html.ts';

/** Asks why. `isMissing`: it was sent without. */
export const reasonField = ({
  value = '',
  isMissing = false,
}: { value?: string; isMissing?: boolean } = {}): Html =>
  html`<div class="field">
    <label for="reason">Reason</label>
    <textarea
      id="reason"
      name="reason"
      required
      maxlength="${REASON_MAX_LENGTH}"
      aria-describedby="reason-help"
      ${isMissing ? html`aria-invalid="true" autofocus` : null}
    >
${value}</textarea>
    <p id="reason-help" class="help">
      ${isMissing && html`<strong>Say why, in up to ${REASON_MAX_LENGTH} characters.</strong> `}Kept in the
      audit log with your name.
    </p>
  </div>`;
