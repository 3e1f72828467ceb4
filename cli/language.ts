// Owns the language that a person is spoken to in.

export type Language = "en" | "ja";

/** POSIX: LC_ALL over LC_MESSAGES over LANG. */
export function languageOf(env: NodeJS.ProcessEnv): Language {
  const locale = env.LC_ALL || env.LC_MESSAGES || env.LANG || "";
  return /^ja([_.@]|$)/.test(locale) ? "ja" : "en";
}
