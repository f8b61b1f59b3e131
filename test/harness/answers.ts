import type { ExtractSchema } from 'hono/types';
import type { AppType } from '../../api/app.ts';
import type { ProblemDocument } from '../../api/kernel/problem.ts';

// Answers are typed by the API's own routes: the body of `world.get(admin, '/admin/stuck')` has the fields that this route
// declares, and reading another one does not compile.

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface Answer<Body = Pick<Refusal, 'code'>> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

/**
 * What the routes at this path answer: the fields of each status, so any may be missing. A test expects a status first, or
 * the field. A segment of which only the test's run knows more (`${kind}`) fits any.
 */
export type BodyOf<M extends Method, Path extends string> =
  Output<M, RouteAt<Segments<WithoutQuery<Path>>>> extends infer Body
    ? Fields<Body | Required<Refusal>>
    : never;

/** What every problem has. What only some have (`left_amount`), a test looks at with `toMatchObject`. */
export type Refusal = {
  readonly [Name in keyof ProblemDocument as string extends Name ? never : Name]?: ProblemDocument[Name];
};

type Fields<Union> = { readonly [Name in NameIn<Union>]?: FieldOf<Union, Name> };
type NameIn<Union> = Union extends unknown ? keyof Union : never;
type FieldOf<Union, Name> = Union extends unknown ? (Name extends keyof Union ? Union[Name] : never) : never;

type Schema = ExtractSchema<AppType>;

type Output<M extends Method, Route extends keyof Schema> = Route extends unknown
  ? `$${Lowercase<M>}` extends infer Verb extends keyof Schema[Route]
    ? Success<Schema[Route][Verb]>
    : never
  : never;
/** A problem may have members of its own, so its shape is open; no other is. */
type Success<Endpoint> = Endpoint extends { output: infer Body }
  ? string extends keyof Body
    ? never
    : Body
  : never;

type RouteAt<Asked> = {
  [Route in keyof Schema]: Asked extends SegmentsOf[Route]
    ? Route
    : SegmentsOf[Route] extends Asked
      ? Route
      : never;
}[keyof Schema];
type SegmentsOf = {
  [Route in keyof Schema]: Route extends `/api/v1${infer Path}` ? Segments<Path> : null;
};

/** `/orders/:orderId` is `['', 'orders', string]`. */
type Segments<Path extends string> = Path extends `${infer First}/${infer Rest}`
  ? [Segment<First>, ...Segments<Rest>]
  : [Segment<Path>];
type Segment<Part extends string> = Part extends `:${string}` ? string : Part;
type WithoutQuery<Path extends string> = Path extends `${infer Bare}?${string}` ? Bare : Path;
