/** Reads a document by its spec: a fresh copy of what is allowed, or an error that says where and what was expected. */
import { isList, isObject, readMember, show } from '../../arguments.js';
import { TrustletError } from '../../errors.js';
import { hintFor } from '../../near-miss.js';
import type { IntegerSpec, ObjectSpec, Spec, StringSpec } from './spec.js';

/** @returns ERR_TRUSTLET_FORMAT for one place of a document */
export const formatError = (path: string, what: string): TrustletError =>
  new TrustletError('ERR_TRUSTLET_FORMAT', `The scenario is wrong at ${path === '' ? 'its top level' : path}: ${what}`);

const wrong = (path: string, expected: string, value: unknown, hint = ''): TrustletError =>
  formatError(path, `expected ${expected}; got ${show(value)}.${hint}`);

const join = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`);

const describeString = (spec: StringSpec): string => {
  const values = spec.values === undefined ? [] : [`one of ${spec.values.join(', ')}`];
  const pattern = spec.pattern === undefined ? [] : [spec.pattern.says];
  const choice = [...values, ...pattern].join(', or ');
  if (choice !== '') return choice;
  if (spec.maxLength === undefined) return 'a string';
  return spec.minLength === undefined
    ? `a string of at most ${spec.maxLength} characters`
    : `a string of ${spec.minLength} to ${spec.maxLength} characters`;
};

const checkString = (spec: StringSpec, value: unknown, path: string): string => {
  const text = typeof value === 'string' ? value : null;
  if (text === null) throw wrong(path, describeString(spec), value);
  if (text.length < (spec.minLength ?? 0) || text.length > (spec.maxLength ?? Number.POSITIVE_INFINITY)) {
    throw wrong(path, describeString(spec), value);
  }
  if (spec.values === undefined && spec.pattern === undefined) return text;
  if (spec.values?.includes(text) === true) return text;
  if (spec.pattern !== undefined && new RegExp(spec.pattern.source).test(text)) return text;
  throw wrong(path, describeString(spec), value, hintFor(text, spec.values ?? []));
};

const checkInteger = (spec: IntegerSpec, value: unknown, path: string): number => {
  const { minimum, maximum, multipleOf = 1 } = spec;
  if (
    typeof value === 'number' &&
    Number.isInteger(value) &&
    value >= minimum &&
    value <= maximum &&
    value % multipleOf === 0
  ) {
    // -0 is no other number than 0 to whoever wrote it.
    return value + 0;
  }
  if (minimum === maximum) throw wrong(path, `${minimum}`, value);
  const kind = multipleOf === 1 ? 'a whole number' : `a multiple of ${multipleOf}`;
  throw wrong(path, `${kind} from ${minimum} to ${maximum}`, value);
};

const checkObject = (spec: ObjectSpec, value: unknown, path: string): Readonly<Record<string, unknown>> => {
  if (!isObject(value)) throw wrong(path, 'an object', value);
  const known = Object.keys(spec.properties);
  const given = value as Readonly<Record<string, unknown>>;
  const read: Record<string, unknown> = {};
  for (const key of Object.keys(given)) {
    if (!Object.hasOwn(spec.properties, key) && given[key] !== undefined) {
      throw formatError(path, `there is no property ${show(key)}; it takes ${known.join(', ')}.${hintFor(key, known)}`);
    }
  }
  for (const [key, property] of Object.entries(spec.properties)) {
    const member = readMember(given, key);
    if (member !== undefined) {
      read[key] = check(property.spec, member, join(path, key));
    } else if (property.required) {
      throw formatError(path, `the property '${key}' is missing: ${property.spec.description}`);
    }
  }
  return read;
};

/**
 * @param spec what the value may be
 * @param path where the value lies in its document, for messages
 * @returns a fresh copy, without properties that are undefined
 * @throws TrustletError ERR_TRUSTLET_FORMAT with the path and what was expected
 */
export const check = (spec: Spec, value: unknown, path: string): unknown => {
  switch (spec.type) {
    case 'string':
      return checkString(spec, value, path);
    case 'integer':
      return checkInteger(spec, value, path);
    case 'boolean':
      if (typeof value !== 'boolean') throw wrong(path, 'true or false', value);
      return value;
    case 'list':
      if (!isList(value)) throw wrong(path, 'a list', value);
      if (value.length < (spec.minItems ?? 0)) throw wrong(path, `a list of at least ${spec.minItems ?? 0}`, value);
      return Array.from(value, (item, index) => check(spec.items, item, `${path}[${index}]`));
    case 'object':
      return checkObject(spec, value, path);
  }
};
