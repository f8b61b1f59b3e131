import type { StatusFault } from '../kernel/faults.ts';
import type { Answer } from '../kernel/server.ts';

/** The router's refusals: HTTP status, code, and the wording of its sources. */
const TABLE = {
  duplicate_payment: [
    400,
    'HE_01',
    'The payment with the specified payment_id already exists in our records',
  ],
  duplicate_refund: [400, 'HE_01', 'Duplicate refund request. Refund already attempted with the refund ID'],
  payment_not_found: [404, 'HE_02', 'Payment does not exist in our records'],
  refund_not_found: [404, 'HE_02', 'Refund does not exist in our records'],
  method_not_found: [404, 'HE_02', 'Payment method does not exist in our records'],
  customer_not_found: [404, 'HE_02', 'Customer does not exist in our records'],
  mandate_invalid: [400, 'HE_03', 'Mandate Validation Failed'],
  dispute_not_found: [404, 'HE_04', 'Dispute does not exist in our records'],
  no_successful_attempt: [404, 'HE_04', 'Successful payment not found for the given payment id'],
  unauthorized: [401, 'IR_01', 'API key not provided or invalid API key used'],
  unknown_url: [404, 'IR_02', 'Unrecognized request URL'],
  missing_param: [400, 'IR_04', 'Missing required param'],
  invalid_format: [422, 'IR_05', 'contains invalid data'],
  not_refundable: [422, 'IR_06', 'This refund is not possible through Hyperswitch'],
  invalid_request_data: [422, 'IR_06', 'Invalid request data'],
  client_secret_expired: [400, 'IR_08', 'The client_secret provided has expired'],
  client_secret_invalid: [
    400,
    'IR_09',
    'The client_secret provided does not match the client_secret associated with the Payment',
  ],
  too_many_refunds: [400, 'IR_12', 'Reached maximum refund attempts'],
  over_captured: [400, 'IR_13', 'The refund amount exceeds the amount captured'],
  precondition_failed: [400, 'IR_16', 'You cannot do this because of the status of the payment'],
  unexpected_state: [400, 'IR_14', 'This Payment could not be processed because of its status'],
  unprocessable: [422, 'IR_29', 'no customer id provided for the payment'],
  no_connector: [
    400,
    'IR_39',
    'required payment method is not configured or configured incorrectly for all configured connectors',
  ],
  connector: [400, 'CE_00', 'Connector error'],
  refund_failed: [400, 'CE_06', 'Refund failed while processing with connector. Retry refund'],
  internal: [500, 'HE_00', 'Something went wrong'],
} as const;
export type RefusalName = keyof typeof TABLE;

export class Refusal extends Error {
  readonly answer: Answer;
  constructor(name: RefusalName, message?: string, reason?: string) {
    const [status, code, usual] = TABLE[name];
    super(message ?? usual);
    this.answer = refusalAnswer(status, code, message ?? usual, reason);
  }
}

function refusalAnswer(status: number, code: string, message: string, reason?: string): Answer {
  const more = reason === undefined ? {} : { reason };
  return { status, body: { error: { type: typeOf(status, code), message, code, ...more } } };
}

function typeOf(status: number, code: string): string {
  if (code.startsWith('CE_')) return 'connector';
  return status >= 500 ? 'api' : 'invalid_request';
}

/** Bodies that do not deserialise are refused in a shape of their own. */
export class MalformedBody extends Error {
  readonly answer: Answer;
  constructor(message: string) {
    super(message);
    this.answer = {
      status: 400,
      body: {
        error: {
          error_type: 'invalid_request',
          message: `Json deserialize error: ${message}`,
          code: 'IR_06',
        },
      },
    };
  }
}

export function invalidFormat(field: string, expected: string): Refusal {
  return new Refusal('invalid_format', `${field} contains invalid data. Expected format is ${expected}`);
}

/** A refusal by its code, for the control that orders one. */
export function refusalByCode(code: string, message?: string): Answer {
  const row = Object.values(TABLE).find((entry) => entry[1] === code);
  return refusalAnswer(row?.[0] ?? 400, code, message ?? row?.[2] ?? 'Refused');
}

/** Another call of this kind in a second than the merchant may make. */
export const RATE_LIMITED: Answer = {
  status: 429,
  body: { error: { type: 'invalid_request', message: 'Rate limit exceeded', code: 'HE_00' } },
};

export function answerForStatus(fault: StatusFault): Answer {
  const { status, headers } = fault;
  const usual =
    status === 401
      ? refusalByCode('IR_01').body
      : status === 429
        ? RATE_LIMITED.body
        : { error: { type: typeOf(status, 'HE_00'), message: 'Something went wrong', code: 'HE_00' } };
  return { status, body: fault.body ?? usual, ...(headers === undefined ? {} : { headers }) };
}
