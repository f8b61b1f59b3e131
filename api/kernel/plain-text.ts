import { isPlainText } from '../../domain/kernel/plain-text.ts';
import { type FieldPlace, type FieldProblem, PROBLEMS_MAX, ValidationError } from './validation.ts';

const NOT_TEXT = 'Holds a NUL or half a character';

/** Throws `validation_failed` where no row could hold a text in parsed JSON, or the name of a field. */
export function assertPlainText(json: unknown, place: FieldPlace): void {
  const problems: FieldProblem[] = [];
  const look = (value: unknown, path: string): void => {
    if (problems.length >= PROBLEMS_MAX) return;
    if (typeof value === 'string') {
      if (!isPlainText(value)) problems.push({ field: path || place, in: place, message: NOT_TEXT });
    } else if (typeof value === 'object' && value !== null) {
      for (const [name, field] of Object.entries(value)) {
        const inside = path === '' ? name : `${path}.${name}`;
        if (isPlainText(name)) look(field, inside);
        else
          problems.push({
            field: path || place,
            in: place,
            message: 'A field’s name holds a NUL or half a character',
          });
      }
    }
  };
  look(json, '');
  if (problems.length > 0) throw new ValidationError(problems);
}
