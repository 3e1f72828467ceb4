// Owns numbers at random out of whatever source of hexadecimal digits it is given.

/** A function that answers a whole number from 0 below its argument. */
export const randomBelow = (randomHex: (digits: number) => string) => (below: number): number => parseInt(randomHex(12), 16) % below;
