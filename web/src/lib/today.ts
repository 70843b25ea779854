/** The calendar day where the reader is: what is named by it has another name after midnight. */
import { ref } from "vue";

const EVERY_MS = 30_000;
const day = ref(new Date().toDateString());

/** The time now; a computed value that asks is computed again on another day. */
export function timeOfToday(): Date {
  // To read it is to depend on it.
  void day.value;
  return new Date();
}

/** Looks at the calendar now and then, and when a page is shown again. */
export function followCalendar(): void {
  const look = () => (day.value = new Date().toDateString());
  setInterval(look, EVERY_MS);
  document.addEventListener("visibilitychange", look);
}
