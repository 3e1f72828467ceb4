// Owns shell text made out of values: every value is one word, whatever is in it.

/** "it's" -> 'it'\''s' */
export const quote = (value: string): string => `'${value.replaceAll("\0", "").replaceAll("'", "'\\''")}'`;
export const words = (...values: readonly string[]): string => values.map(quote).join(" ");
