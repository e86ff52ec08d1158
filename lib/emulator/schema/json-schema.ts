/** The JSON Schema document (draft 2020-12) of a spec. */
import type { IntegerSpec, ObjectSpec, Spec, StringSpec } from './spec.js';

type Json = Readonly<Record<string, unknown>>;

const stringSchema = ({ description, minLength, maxLength, values, pattern }: StringSpec): Json => {
  const limits = {
    ...(minLength === undefined ? {} : { minLength }),
    ...(maxLength === undefined ? {} : { maxLength }),
  };
  if (values !== undefined && pattern !== undefined) {
    return { description, type: 'string', ...limits, anyOf: [{ enum: values }, { pattern: pattern.source }] };
  }
  return {
    description,
    type: 'string',
    ...limits,
    ...(values === undefined ? {} : { enum: values }),
    ...(pattern === undefined ? {} : { pattern: pattern.source }),
  };
};

const integerSchema = ({ description, minimum, maximum, multipleOf }: IntegerSpec): Json =>
  minimum === maximum
    ? { description, const: minimum }
    : { description, type: 'integer', minimum, maximum, ...(multipleOf === undefined ? {} : { multipleOf }) };

class Definitions {
  readonly written = new Map<string, Json>();

  reference(spec: ObjectSpec): Json {
    if (!this.written.has(spec.name)) this.written.set(spec.name, this.object(spec));
    return { $ref: `#/$defs/${spec.name}` };
  }

  object(spec: ObjectSpec): Json {
    const properties = Object.entries(spec.properties);
    return {
      description: spec.description,
      type: 'object',
      additionalProperties: false,
      required: properties.filter(([, property]) => property.required).map(([name]) => name),
      properties: Object.fromEntries(properties.map(([name, property]) => [name, this.schema(property.spec)])),
    };
  }

  schema(spec: Spec): Json {
    switch (spec.type) {
      case 'string':
        return stringSchema(spec);
      case 'integer':
        return integerSchema(spec);
      case 'boolean':
        return { description: spec.description, type: 'boolean' };
      case 'list':
        return {
          description: spec.description,
          type: 'array',
          ...(spec.minItems === undefined ? {} : { minItems: spec.minItems }),
          items: this.schema(spec.items),
        };
      case 'object':
        return this.reference(spec);
    }
  }
}

/**
 * @param spec the whole document
 * @param title the schema's title
 */
export const jsonSchemaOf = (spec: ObjectSpec, title: string): object => {
  const definitions = new Definitions();
  const root = definitions.object(spec);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title,
    ...root,
    $defs: Object.fromEntries(definitions.written),
  };
};
