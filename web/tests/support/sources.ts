/** The sources of the screens, as the tests of the words read them. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "@vue/compiler-sfc";
import type { TemplateChildNode } from "@vue/compiler-core";

const SRC = join(import.meta.dirname, "..", "..", "src");

export type Source = { readonly path: string; readonly text: string };

/** Files below `src` with this ending, catalogues left out. */
export function sourcesWith(ending: string): Source[] {
  return readdirSync(SRC, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(ending) && !path.startsWith("locales"))
    .map((path) => ({ path, text: readFileSync(join(SRC, path), "utf8") }));
}

const SPOKEN_ATTRIBUTES = new Set([
  "alt",
  "aria-description",
  "aria-label",
  "aria-roledescription",
  "heading",
  "hint",
  "label",
  "placeholder",
  "text",
  "title",
]);
const hasWord = (text: string) => /\p{L}{2,}/u.test(text);

/** Texts and spoken attributes of a template that are written in it. */
export function writtenWords({ path, text }: Source): string[] {
  const { descriptor } = parse(text, { filename: path });
  return (descriptor.template?.ast?.children ?? []).flatMap(wordsOf);
}

function wordsOf(node: TemplateChildNode): string[] {
  if (node.type === 2) return hasWord(node.content) ? [node.content.trim()] : [];
  if (node.type === 5) return quotedSentences(node.loc.source);
  if (node.type !== 1) return [];
  const attributes = node.props.flatMap((one) => {
    if (one.type === 7)
      return SPOKEN_ATTRIBUTES.has(one.rawName?.replace(":", "") ?? "")
        ? quotedSentences(one.loc.source)
        : [];
    const value = one.value?.content ?? "";
    return SPOKEN_ATTRIBUTES.has(one.name) && hasWord(value) ? [`${one.name}="${value}"`] : [];
  });
  return [...attributes, ...node.children.flatMap(wordsOf)];
}

const isKey = (literal: string) => /^.[a-z]\w*(\.[\w${}]+)+.$/.test(literal);

/** String literals in an expression that look like a sentence and not like a key. */
function quotedSentences(source: string): string[] {
  const literals = source.match(/'[^']*'|`[^`]*`|(?<=\{\{.*)"[^"]*"/g) ?? [];
  const isSentence = (one: string) => /\p{Lu}\p{Ll}|\p{L} \p{L}|[åäöÅÄÖ]/u.test(one);
  return literals.filter((one) => !isKey(one) && isSentence(one));
}

/** String literals of a script that only a Swedish sentence would have. */
export function swedishLiterals({ text }: Source): string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
  return (code.match(/"[^"\n]*"|`[^`]*`/g) ?? []).filter((one) => /[åäöÅÄÖ]/.test(one));
}
