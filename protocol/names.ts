/** How a schema's names are spelled in C and in TypeScript. */

/** `StartKey`, `start-key` or `startKey` → `START_KEY` */
export const toCapitals = (name: string): string =>
  name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll('-', '_')
    .toUpperCase();

/** `startKey` → `StartKey` */
export const toPascal = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);

/** `start-key` → `startKey` */
export const toCamel = (name: string): string =>
  name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** `ProcessRecord` → `TL_PROCESS_RECORD` */
export const toCType = (structure: string): string => `TL_${toCapitals(structure)}`;

/** A value of an enumeration in C: `TL_REASON` and `query-failed` → `TL_REASON_QUERY_FAILED`. */
export const toCValue = (prefix: string, value: string): string => `${prefix}_${toCapitals(value)}`;

export const hex = (value: number, digits = 0): string => `0x${value.toString(16).toUpperCase().padStart(digits, '0')}`;
