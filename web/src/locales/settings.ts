/**
 * Words of the settings, which their schemas have in English alone. A text that is not listed is
 * shown as the schema has it; values of choices have no text in a schema.
 */
import { locale } from "@/lib/i18n";
import type { Locale } from "@/lib/i18n";

const swedish: Readonly<Record<string, string>> = {
  Assessment: "Bedömning",
  "Which pipelines teachers can ask for, and how large a batch of essays may be. No service follows these settings yet: a change is kept, and has no effect.":
    "Vilka analyser lärare kan beställa, och hur stor en bunt texter får vara. Ingen tjänst följer inställningarna än: en ändring sparas men har ingen verkan.",
  Pipelines: "Analyser",
  "A pipeline that is not listed cannot be asked for; batches under way are finished.":
    "En analys som inte är vald kan inte beställas. Påbörjade buntar körs klart.",
  "Essay limits": "Gränser för texter",
  "Essays in a batch, at most": "Texter i en bunt, högst",
  "Words in an essay, at least": "Ord i en text, minst",
  "Words in an essay, at most": "Ord i en text, högst",
  spellcheck: "Stavningskontroll",
  nlp: "Textanalys",
  cj_assessment: "CJ-bedömning",
  ai_feedback: "Feedback",
  student_matching: "Elevkoppling",

  Maintenance: "Underhåll",
  "What users are told while the platform is being worked on, and whether they can still change anything.":
    "Vad användare får veta medan plattformen underhålls, och om de kan ändra något.",
  "Read-only": "Skrivskyddat läge",
  "While on, the screens' services refuse every change with 503 and the banner's text. Reading goes on.":
    "När det är på nekas alla ändringar, och meddelandets text visas. Det går att läsa som vanligt.",
  "Show the banner": "Visa meddelandet",
  "While on, teachers' screens show the banner also while changes can be made, for instance to announce maintenance.":
    "När det är på visar lärarnas sidor meddelandet även när ändringar kan göras, till exempel för att förvarna om underhåll.",
  Banner: "Meddelande",
  "The text, in each language. It is shown while read-only or Show the banner is on.":
    "Texten, på varje språk. Den visas när skrivskyddat läge eller Visa meddelandet är på.",
  Swedish: "Svenska",
  English: "Engelska",

  Notifications: "Aviseringar",
  "Which events teachers are told of, and by which way. No service follows these settings yet: a change is kept, and has no effect.":
    "Vilka händelser lärare får veta om, och på vilket sätt. Ingen tjänst följer inställningarna än: en ändring sparas men har ingen verkan.",
  Ways: "Sätt",
  "In open screens": "I öppna sidor",
  "By e-mail": "Med e-post",
  Events: "Händelser",
  "What a teacher is told of.": "Det en lärare får veta.",
  "A batch is done": "En bunt är klar",
  "A batch has failed": "En bunt har misslyckats",
  "Student matches wait for review": "Elevkopplingar väntar på granskning",
  "A phase of a batch is done": "Ett steg för en bunt är klart",
  Language: "Språk",
  "For users who have chosen none.": "För användare som inte har valt något.",
  sv: "Svenska",
  en: "Engelska",
  Reminder: "Påminnelse",
  "Hours after which a waiting review is mentioned again; 0 is never.":
    "Timmar tills en väntande granskning nämns igen. 0 betyder aldrig.",

  Uploads: "Uppladdning",
  "What files teachers can upload. No service follows these settings yet: a change is kept, and has no effect.":
    "Vilka filer lärare kan ladda upp. Ingen tjänst följer inställningarna än: en ändring sparas men har ingen verkan.",
  "Whether anything can be uploaded.": "Om det går att ladda upp något.",
  "Kinds of files": "Filtyper",
  "File name endings, in small letters with their dot.":
    "Filnamnens ändelser, med små bokstäver och punkt.",
  "Size of a file, at most": "Filens storlek, högst",
  "In MiB.": "I MiB.",
  "Files at once, at most": "Filer på en gång, högst",
};

const english: Readonly<Record<string, string>> = {
  spellcheck: "Spell check",
  nlp: "Text analysis",
  cj_assessment: "Comparative judgement",
  ai_feedback: "Feedback",
  student_matching: "Student matching",
  sv: "Swedish",
  en: "English",
};

const WORDS: Readonly<Record<Locale, Readonly<Record<string, string>>>> = {
  sv: swedish,
  en: english,
};

/** A text of a schema, or a value of a choice, in the page's language. */
export function settingWord(text: string): string {
  return WORDS[locale.value][text] ?? text;
}
