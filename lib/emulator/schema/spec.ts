/**
 * A small language for saying what a JSON document may hold. One description serves twice: `check.ts` reads documents by it, and
 * `json-schema.ts` writes the JSON Schema from it, so that the two cannot say different things.
 */

export type Spec = StringSpec | IntegerSpec | BooleanSpec | ListSpec | ObjectSpec;

export interface StringSpec {
  readonly type: 'string';
  readonly description: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  /** The only values. With `pattern` beside it, a value needs one of the two. */
  readonly values?: readonly string[];
  /** A regular expression, and what it asks for in words. */
  readonly pattern?: { readonly source: string; readonly says: string };
}

export interface IntegerSpec {
  readonly type: 'integer';
  readonly description: string;
  readonly minimum: number;
  readonly maximum: number;
  readonly multipleOf?: number;
}

export interface BooleanSpec {
  readonly type: 'boolean';
  readonly description: string;
}

export interface ListSpec {
  readonly type: 'list';
  readonly description: string;
  readonly items: Spec;
  readonly minItems?: number;
}

export interface Property {
  readonly spec: Spec;
  readonly required: boolean;
}

export interface ObjectSpec {
  readonly type: 'object';
  /** Name of its definition in the JSON Schema. */
  readonly name: string;
  readonly description: string;
  readonly properties: Readonly<Record<string, Property>>;
}

type OptionalKeys<T> = { [K in keyof T]-?: Record<never, never> extends Pick<T, K> ? K : never }[keyof T];

/** Every property of the TypeScript type and no other, required here where it is required there. */
export type PropertiesOf<T> = {
  readonly [K in keyof T]-?: { readonly spec: Spec; readonly required: K extends OptionalKeys<T> ? false : true };
};

export const required = <S extends Spec>(spec: S): { readonly spec: S; readonly required: true } => ({
  spec,
  required: true,
});

export const optional = <S extends Spec>(spec: S): { readonly spec: S; readonly required: false } => ({
  spec,
  required: false,
});

/** @typeParam T the interface this object has in TypeScript; the compiler holds the two together */
export const objectOf = <T>(name: string, description: string, properties: PropertiesOf<T>): ObjectSpec => ({
  type: 'object',
  name,
  description,
  properties: properties as unknown as Readonly<Record<string, Property>>,
});
