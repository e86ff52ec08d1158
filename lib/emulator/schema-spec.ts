/** A small language for describing JSON: one description gives both the check, with paths in its errors, and the JSON Schema. */
import { show } from '../arguments.js';
import { TrustletError } from '../errors.js';

/** One described value. */
export interface Spec {
  /** Its JSON Schema (draft 2020-12). */
  readonly schema: Readonly<Record<string, unknown>>;
  /** @throws TrustletError ERR_TRUSTLET_FORMAT, naming `path` */
  check(value: unknown, path: string): void;
}

export const formatError = (path: string, message: string): TrustletError =>
  new TrustletError('ERR_TRUSTLET_FORMAT', `Scenario, at ${path}: ${message}.`);

const expect = (holds: boolean, path: string, expected: string, value: unknown): void => {
  if (!holds) throw formatError(path, `expected ${expected}; got ${show(value)}`);
};

export const text = (description: string, options: { readonly empty?: boolean } = {}): Spec => ({
  schema: { type: 'string', description, ...(options.empty === true ? {} : { minLength: 1 }) },
  check: (value, path) => expect(typeof value === 'string' && (options.empty === true || value !== ''), path, 'a non-empty string', value),
});

export const matching = (description: string, pattern: RegExp, expected: string): Spec => ({
  schema: { type: 'string', description, pattern: pattern.source },
  check: (value, path) => expect(typeof value === 'string' && pattern.test(value), path, expected, value),
});

export const bool = (description: string): Spec => ({
  schema: { type: 'boolean', description },
  check: (value, path) => expect(typeof value === 'boolean', path, 'true or false', value),
});

export const whole = (description: string, minimum: number, maximum: number, multipleOf = 1): Spec => ({
  schema: { type: 'integer', description, minimum, maximum, ...(multipleOf === 1 ? {} : { multipleOf }) },
  check: (value, path) => {
    const fits =
      typeof value === 'number' && Number.isInteger(value) && value >= minimum && value <= maximum && value % multipleOf === 0;
    const kind = multipleOf === 1 ? 'a whole number' : `a multiple of ${multipleOf}`;
    expect(fits, path, `${kind} from ${minimum} to ${maximum}`, value);
  },
});

export const oneOf = (description: string, values: readonly (string | number)[]): Spec => ({
  schema: { enum: [...values], description },
  check: (value, path) => expect((values as readonly unknown[]).includes(value), path, `one of ${values.join(', ')}`, value),
});

export const list = (description: string, item: Spec, minItems = 0): Spec => ({
  schema: { type: 'array', description, items: item.schema, ...(minItems === 0 ? {} : { minItems }) },
  check: (value, path) => {
    if (!Array.isArray(value)) throw formatError(path, `expected a list; got ${show(value)}`);
    expect(value.length >= minItems, path, `at least ${minItems} ${minItems === 1 ? 'entry' : 'entries'}`, value);
    value.forEach((entry: unknown, index) => item.check(entry, `${path}[${index}]`));
  },
});

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const dictionary = (description: string, member: Spec): Spec => ({
  schema: { type: 'object', description, additionalProperties: member.schema },
  check: (value, path) => {
    if (!isRecord(value)) throw formatError(path, `expected an object; got ${show(value)}`);
    for (const [key, entry] of Object.entries(value)) member.check(entry, `${path}.${key}`);
  },
});

/** How many single-letter edits turn one name into the other, for a hint about a misspelt property. */
const editDistance = (from: string, to: string): number => {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const [left = 0, above = 0, diagonal = 0] = [next[j - 1], row[j], row[j - 1]];
      next.push(Math.min(left + 1, above + 1, diagonal + (from[i - 1] === to[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[to.length] ?? 0;
};

const CLOSE_ENOUGH = 2;

const hintFor = (key: string, known: readonly string[]): string => {
  const close = known.find((name) => editDistance(key.toLowerCase(), name.toLowerCase()) <= CLOSE_ENOUGH);
  return close === undefined ? `; it takes ${known.join(', ')}` : `; did you mean '${close}'?`;
};

/** An object with exactly these properties. `undefined` counts as left out. */
export const object = (
  description: string,
  required: Readonly<Record<string, Spec>>,
  optional: Readonly<Record<string, Spec>> = {},
): Spec => {
  const properties = new Map(Object.entries({ ...required, ...optional }));
  const known = [...properties.keys()];
  return {
    schema: {
      type: 'object',
      description,
      properties: Object.fromEntries([...properties].map(([key, spec]) => [key, spec.schema])),
      required: Object.keys(required),
      additionalProperties: false,
    },
    check: (value, path) => {
      if (!isRecord(value)) throw formatError(path, `expected an object; got ${show(value)}`);
      for (const [key, entry] of Object.entries(value)) {
        const spec = properties.get(key);
        if (spec === undefined) throw formatError(path, `unknown property '${key}'${hintFor(key, known)}`);
        if (entry !== undefined) spec.check(entry, `${path}.${key}`);
      }
      for (const key of Object.keys(required)) {
        if (value[key] === undefined) throw formatError(path, `property '${key}' is missing`);
      }
    },
  };
};
