/** A stream's types promise what the stream sends, and the joined detail what the screen sends. */
import { followBatch, followBatchDetail, followBatches } from "@huleedu/bff-client";
import type { Api, ClientOptions, LiveBatchDetail, LiveEssay } from "@huleedu/bff-client";

export async function follow(options: ClientOptions, batch: LiveBatchDetail): Promise<void> {
  const essay: LiveEssay | undefined = Object.values(batch.essays)[0];
  const rank: number | undefined = essay?.rank;
  const studentId: string | undefined = essay?.student?.student_id;
  // @ts-expect-error File names are not in a stream.
  const filename: unknown = essay?.filename;
  // @ts-expect-error Pupils' names are not in a stream.
  const name: unknown = essay?.student?.first_name;
  // @ts-expect-error A stream has no parts.
  const parts: unknown = batch.parts;
  // @ts-expect-error A field without a value is absent, not null.
  const className: string | null = batch.class_name;

  await followBatch("id", {
    ...options,
    onState: (state) => void Object.values(state.batches).map((one) => one.essays),
  });
  await followBatches({
    ...options,
    shared: true,
    onState: (state) =>
      // @ts-expect-error A batch of the list has no essays.
      void Object.values(state.batches).map((one) => one.essays),
  });
  await followBatchDetail("id", {
    ...options,
    onState: ({ batch: joined }) => {
      const screen: Api.TeacherBatchDetailV1 = joined;
      const first: string | null | undefined = screen.essays[0]?.filename;
      return void [first, rank, studentId, filename, name, parts, className];
    },
  });
}
