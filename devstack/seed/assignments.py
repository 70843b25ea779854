"""The six writing assignments of the demo classes, and the sentences of their essays."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Assignment:
    """`claims` and `examples` are whole sentences; an essay takes some of each."""

    key: str
    language: str
    title: str
    prompt: str
    openings: tuple[str, ...]
    claims: tuple[str, ...]
    examples: tuple[str, ...]
    endings: tuple[str, ...]


ENG5 = Assignment(
    key="eng5-a-journey",
    language="en",
    title="A Journey I Remember",
    prompt="Write about a journey that changed how you see something. Describe the place, the people "
    "you met and what you understood afterwards. 300-500 words.",
    openings=(
        "Two summers ago my family took the night train to Kiruna, and I was not happy about it.",
        "I had never been further from home than Gothenburg before we went to Lisbon.",
        "The longest journey of my life was only forty minutes by bus.",
        "When my grandmother asked me to come with her to Sarajevo I almost said no.",
    ),
    claims=(
        "Before the trip I believed that people in other countries lived completely different lives.",
        "The first thing I noticed was how quiet everything became when we left the city.",
        "My cousin said that you only get to know a place when you are lost in it.",
        "I started to write down one thing every evening that had surprised me.",
        "It was strange to be the one who did not understand the language.",
        "For the first time I saw my father ask a stranger for help.",
    ),
    examples=(
        "An old man at the station shared his bread with us although we could not speak together.",
        "We walked for three hours because we did not believe in the map on the wall.",
        "In the market a girl of my age counted our money faster than any machine.",
        "Our host had painted every door in a different colour, and nobody remembered why.",
        "On the last day it rained so much that the street looked like a river.",
    ),
    endings=(
        "When we came home my room felt smaller, but I think it was me who had become bigger.",
        "Today I still have the ticket in my wallet, and it reminds me to say yes more often.",
        "I would not call it the best week of my life, but it is the one I think about most.",
    ),
)
ENG6 = Assignment(
    key="eng6-phones-in-school",
    language="en",
    title="Should Phones Be Banned in School?",
    prompt="A member of the local council wants a complete ban on mobile phones during the school day. "
    "Write an argumentative text in which you take a stand. 400-600 words.",
    openings=(
        "Every morning at ten past eight our teacher walks around with a box for our phones.",
        "Few questions divide my class as much as whether phones belong in a classroom.",
        "Imagine a school where nobody looks down during the breaks.",
        "The council wants to solve a complicated problem with a very simple rule.",
    ),
    claims=(
        "A ban would give us back the attention that notifications take away from us.",
        "Students who are trusted learn to take responsibility, and students who are controlled do not.",
        "It is hardly fair that the pupil who needs a translator is treated like the one who plays games.",
        "Research that our teacher showed us points in both directions.",
        "The real problem is not the phone but lessons where nothing is expected of us.",
        "Friends who sit beside each other in silence are not really together.",
    ),
    examples=(
        "In my old school we collected the phones, and after two weeks somebody brought a chess board.",
        "My sister is diabetic and uses her phone to check her blood sugar.",
        "During the last test three people were caught with answers on their screens.",
        "A friend of mine follows the news in Arabic during lunch, because nobody else can tell her.",
        "When the network was down in October, people actually talked in the corridor.",
    ),
    endings=(
        "For these reasons I would rather see clear rules for lessons than a ban for the whole day.",
        "A box by the door is a small price for a classroom where people listen.",
        "The council should ask the students first; we are, after all, the ones who will keep the rule.",
    ),
)
ENG7 = Assignment(
    key="eng7-rhetoric-essay",
    language="en",
    title="The Speech That Moved a Nation",
    prompt="Analyse the rhetoric of a speech of your choice. Discuss ethos, logos and pathos, and judge "
    "how well the speaker adapts to the audience. 600-900 words.",
    openings=(
        "A speech is never only a text; it is a voice, a room and a moment.",
        "Some sentences survive the person who spoke them.",
        "At first sight the speech is nothing more than a thank-you to the audience.",
        "What makes us believe a speaker whom we have never met?",
    ),
    claims=(
        "The speaker builds ethos by admitting a mistake before making the first demand.",
        "Repetition works here like a drum: it tells the listener when to breathe.",
        "The appeal to logic is weaker than it seems, because the figures lack a source.",
        "By moving from 'I' to 'we' in the third part, the speaker lets the audience in.",
        "Pathos is saved for the end, where a single child's name carries the whole argument.",
        "The metaphor of the unfinished house runs through the speech and holds it together.",
    ),
    examples=(
        "The phrase about the open door returns five times, each time a little shorter.",
        "A pause of almost four seconds follows the question, and nobody dares to cough.",
        "In the middle part the sentences become so long that one nearly loses the thread.",
        "The list of three, old as rhetoric itself, closes every paragraph but one.",
        "The audience laughs at the remark on the weather and is then silent at once.",
    ),
    endings=(
        "The speech succeeds, not because it is flawless, but because it knows whom it is speaking to.",
        "Whether it changed anything is for historians to decide; that it was heard is beyond doubt.",
        "In the end the strongest argument is the one that is never spelled out.",
    ),
)
SV1 = Assignment(
    key="sv1-novell",
    language="sv",
    title="En dörr på glänt",
    prompt="Skriv en novell som börjar med att någon hittar en dörr på glänt. Använd gestaltning och "
    "ett tydligt perspektiv. 400-700 ord.",
    openings=(
        "Dörren till trapphuset stod på glänt, och det gjorde den aldrig.",
        "Först trodde jag att det var vinden som hade öppnat dörren till förrådet.",
        "Det luktade kaffe och våt ull när jag sköt upp dörren.",
        "Ingen hade bott i huset på tjugo år, ändå lyste det i köket.",
    ),
    claims=(
        "Mina fingrar var så kalla att jag knappt kände handtaget.",
        "Mormor brukade säga att ett hus minns dem som har gått där.",
        "Jag ville ropa, men rösten stannade någonstans mellan bröstet och halsen.",
        "På väggen hängde ett fotografi av en flicka som kunde ha varit jag.",
        "Det tog en stund innan jag förstod att klockan gick baklänges.",
        "Varje steg i trappan svarade med sin egen ton.",
    ),
    examples=(
        "Någon hade dukat för två, och soppan ångade fortfarande.",
        "En katt med bara ett öga satt på stolen och såg ut att vänta på mig.",
        "Under mattan låg ett brev med mitt namn, skrivet med en hand jag kände igen.",
        "Utanför fönstret snöade det, fast det var juni.",
        "Lampan i taket blinkade tre gånger och sedan blev det tyst.",
    ),
    endings=(
        "När jag vände mig om var dörren stängd, och den hade aldrig haft något lås.",
        "Jag ställde tillbaka stolen, drog igen dörren och lät den stå lite på glänt.",
        "Det var först på bussen hem som jag märkte att jag fortfarande höll i nyckeln.",
    ),
)
SV2 = Assignment(
    key="sv2-debattartikel",
    language="sv",
    title="Låt skoldagen börja senare",
    prompt="Skriv en debattartikel till lokaltidningen där du tar ställning i en fråga som rör unga. "
    "Argumentera sakligt och bemöt minst ett motargument. 400-600 ord.",
    openings=(
        "Klockan är åtta och halva klassen sover med öppna ögon.",
        "Det är dags att politikerna i vår kommun frågar dem som faktiskt går i skolan.",
        "Varje vinter hör vi samma sak: unga sover för lite.",
        "Jag är trött, och jag är inte ensam om det.",
    ),
    claims=(
        "Forskning visar att tonåringars dygnsrytm är förskjuten med flera timmar.",
        "En senare start skulle ge bättre resultat utan att kosta en enda krona mer.",
        "Motståndarna menar att bussarna inte går att lägga om, men det är en fråga om vilja.",
        "Den som är utvilad lär sig mer på en timme än den trötta gör på tre.",
        "Det är inte rimligt att hälsan ska få vänta på en tidtabell.",
        "Skolan säger att den sätter eleven i centrum, men schemat säger något annat.",
    ),
    examples=(
        "På min systers skola flyttades starten till nio, och frånvaron halverades på en termin.",
        "I en enkät som elevrådet gjorde svarade sju av tio att de sover mindre än sju timmar.",
        "Min lärare i matematik brukar säga att första lektionen är bortkastad tid.",
        "I grannkommunen samordnade man bussarna på tre månader.",
        "En kompis till mig har två jobb och kommer hem efter elva varje kväll.",
    ),
    endings=(
        "Låt oss pröva under ett läsår och mäta vad som händer; mer begär vi inte.",
        "Det kostar lite att lyssna på oss, och det kostar mycket att låta bli.",
        "Politiker, ni har möjligheten: ge oss en timme till.",
    ),
)
SV3 = Assignment(
    key="sv3-diktanalys",
    language="sv",
    title="Tystnaden mellan raderna",
    prompt="Analysera en dikt ur antologin. Redogör för form, bildspråk och tema och knyt din tolkning "
    "till den litterära epoken. 700-1000 ord.",
    openings=(
        "Dikten rymmer bara fjorton rader, men den tar lång tid att läsa.",
        "Vid en första anblick tycks dikten handla om ett landskap.",
        "Redan titeln lovar något som dikten vägrar att hålla.",
        "Det är ovanligt att en så kort text ställer så många frågor.",
    ),
    claims=(
        "Naturen fungerar som en spegel där diktjaget ser sin egen förlust.",
        "Den fria versen bryts bara på ett ställe, och just där vänder stämningen.",
        "Besjälningen av havet gör läsaren osäker på vem det är som talar.",
        "Modernismens misstro mot de stora orden märks i varje strof.",
        "Upprepningen av ordet ännu skapar både hopp och hot.",
        "Motsatsparet ljus och mörker är väl använt, men aldrig oskyldigt.",
    ),
    examples=(
        "I andra strofen byter dikten tempus, som om minnet plötsligt blev närvarande.",
        "Bilden av den frusna fågeln återkommer i slutraden, nu utan vingar.",
        "Radbrytningen efter ordet aldrig tvingar läsaren att stanna.",
        "Allitterationen i den tredje raden låter som steg i snö.",
        "Kommatecknen försvinner mot slutet, och med dem diktjagets kontroll.",
    ),
    endings=(
        "Dikten ger inget svar, och det är kanske därför den fortsätter att läsas.",
        "Min tolkning är att tystnaden inte är en brist utan diktens egentliga ämne.",
        "Så blir den sista radens vita papper en del av texten.",
    ),
)

BY_COURSE = {"ENG5": ENG5, "ENG6": ENG6, "ENG7": ENG7, "SV1": SV1, "SV2": SV2, "SV3": SV3}
