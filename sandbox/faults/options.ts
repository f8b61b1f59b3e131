/** What a run with faults is made of. Times in milliseconds. */
export interface FaultRun {
  readonly forMs: number;
  /** Of all webhooks, those that never arrive, not by any retry: 0 to 1. */
  readonly loss: number;
  readonly killEveryMs: number;
  /** People who buy and ask for refunds, each one thing after another. */
  readonly buyers: number;
  /** People who subscribe, pay or do not, change and cancel. */
  readonly subscribers: number;
  /** People who register, sign in, refresh and reset, by an API that is killed now and then. */
  readonly members: number;
  /** How long each of them rests between two purchases. */
  readonly restMs: number;
  /** Of the refunds and subscriptions, those whose workflow is terminated after something was asked of it: 0 to 1. */
  readonly terminate: number;
  readonly seed: number;
}
