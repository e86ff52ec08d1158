/**
 * Facts, decisions and explanations as JSON can carry them: bigints become decimal strings, everything else stays.
 *
 * @param value plain data, as this package returns it
 * @returns a copy; `JSON.stringify(toJson(decision))` never throws for what this package returns
 */
export const toJson = (value: unknown): unknown => {
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, toJson(member)]));
};
