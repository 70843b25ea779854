/** Shape of a catalogue of words. */

/** A sentence with `{names}`, or one for each plural form; `n` chooses the form. */
export type Message = string | { readonly one: string; readonly other: string };

type NamesIn<Text> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | NamesIn<Rest>
  : never;

/** The names that a message needs values for. */
export type ParamsOf<M> = M extends { readonly other: infer Text }
  ? NamesIn<Text> | "n"
  : NamesIn<M>;
