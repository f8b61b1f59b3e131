export { Admission } from './admission.ts';
export { actorOf, clientOf, fromOf } from './actor.ts';
export { attemptFields, showAttempts } from './attempts-view.ts';
export { Cursors } from './cursors.ts';
export { clientGone } from './client-gone.ts';
export { answerError, answerProblem } from './answer-error.ts';
export {
  AmountMinor,
  asDate,
  Currency,
  distinctIds,
  Id,
  idParam,
  MONEY_OR_NONE,
  Note,
  ORDER_ITEMS_MAX,
  orNull,
  reason,
  showMoneyOrNone,
  Time,
  time,
  timeOrNull,
} from './fields-view.ts';
export { assertSameBody, IdempotencyHeaders, idFor, readIdempotency } from './idempotency.ts';
export { decodeText, parseJson, readBytes } from './json-body.ts';
export { limitField, listOf, pageAsk, PageQuery, readCursor, showPage, writeCursor } from './pagination.ts';
export { fails, FOR_ROLES, OWN_ACCOUNT, REPEATABLE, SIGNED_IN, SIGNING_IN, WITH_BODY } from './problem.ts';
export { defineRoute, json, jsonBody, optionalJsonBody } from './route.ts';
export { Turns } from './turns.ts';
export { UnderWay } from './under-way.ts';
export { type FieldProblem, refuseInvalid, ValidationError } from './validation.ts';
