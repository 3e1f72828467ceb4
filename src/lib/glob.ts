// Owns patterns with wildcards, as EC2's filters and IAM's policies have them: `*` any run, `?` one character. No regular expression:
// whatever the pattern, a match takes no longer than pattern times text.

const RUN = 0;
const ONE = 1;
type Token = string | typeof RUN | typeof ONE; // a string is one character that must be there

export interface GlobOptions {
  /** A backslash takes the meaning from the character behind it. */
  readonly escapes?: boolean;
}

/** A function that says whether a whole text is as the pattern has it. Case matters. */
export function globMatcher(pattern: string, { escapes = false }: GlobOptions = {}): (text: string) => boolean {
  const special = escapes ? /[*?\\]/ : /[*?]/;
  if (!special.test(pattern)) return (text) => text === pattern;
  const tokens: Token[] = [];
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern[i]!;
    if (escapes && c === "\\" && i + 1 < pattern.length) tokens.push(pattern[++i]!);
    else if (c === "*") { if (tokens.at(-1) !== RUN) tokens.push(RUN); }
    else tokens.push(c === "?" ? ONE : c);
  }
  return (text) => matchTokens(tokens, text);
}

/** Greedy, and back to the last run only: earlier ones need no second try. */
function matchTokens(tokens: readonly Token[], text: string): boolean {
  let at = 0;
  let t = 0;
  let run = -1; // the last run's place in the pattern
  let resumeAt = 0; // where the text behind it is tried next
  while (at < text.length) {
    const token = tokens[t];
    if (token === RUN) {
      run = t++;
      resumeAt = at;
    } else if (token === ONE || token === text[at]) {
      t++;
      at++;
    } else if (run >= 0) {
      t = run + 1;
      at = ++resumeAt;
    } else return false;
  }
  while (tokens[t] === RUN) t++;
  return t === tokens.length;
}
