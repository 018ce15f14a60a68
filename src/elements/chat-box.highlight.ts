import * as languages from '@speed-highlight/core/languages';
import { tokenizeWith, type ShjLanguageData } from '@speed-highlight/core/tokenize';

/** What models call them, where the library has another name. */
const NAMES: Readonly<Record<string, string>> = {
  javascript: 'js',
  jsx: 'js',
  mjs: 'js',
  typescript: 'ts',
  tsx: 'ts',
  python: 'py',
  rust: 'rs',
  sh: 'bash',
  shell: 'bash',
  yml: 'yaml',
  svg: 'xml',
};

/** By name; the library's types know nothing of a name that is read at run time. */
const grammars = languages as unknown as Readonly<Record<string, ShjLanguageData | undefined>>;

/** A code as nodes, its words in spans whose class says what they are; undefined for a language that is not known. */
export function highlighted(code: string, language: string): readonly (Node | string)[] | undefined {
  const grammar = grammars[NAMES[language] ?? language];
  if (!grammar) return undefined;
  const nodes: (Node | string)[] = [];
  const say = (text: string, kind?: string) => {
    if (!text) return;
    if (!kind) {
      nodes.push(text);
      return;
    }
    const span = document.createElement('span');
    span.className = `word ${kind}`;
    span.textContent = text;
    nodes.push(span);
  };
  tokenizeWith(code, grammar, say, { languages: grammars as Record<string, ShjLanguageData> });
  return nodes;
}
