/** The names that Go accepts in `\p{...}`. It ignores case, `_`, `-` and spaces in them. */

/** JavaScript's name of each general category, by all its names. */
const CATEGORIES: Record<string, string> = {};
for (const [short, ...long] of [
  ["C", "Other"],
  ["Cc", "Control", "Cntrl"],
  ["Cf", "Format"],
  ["Cn", "Unassigned"],
  ["Co", "PrivateUse"],
  ["Cs", "Surrogate"],
  ["L", "Letter"],
  ["LC", "CasedLetter"],
  ["Ll", "LowercaseLetter"],
  ["Lm", "ModifierLetter"],
  ["Lo", "OtherLetter"],
  ["Lt", "TitlecaseLetter"],
  ["Lu", "UppercaseLetter"],
  ["M", "Mark", "CombiningMark"],
  ["Mc", "SpacingMark"],
  ["Me", "EnclosingMark"],
  ["Mn", "NonspacingMark"],
  ["N", "Number"],
  ["Nd", "DecimalNumber", "Digit"],
  ["Nl", "LetterNumber"],
  ["No", "OtherNumber"],
  ["P", "Punctuation", "Punct"],
  ["Pc", "ConnectorPunctuation"],
  ["Pd", "DashPunctuation"],
  ["Pe", "ClosePunctuation"],
  ["Pf", "FinalPunctuation"],
  ["Pi", "InitialPunctuation"],
  ["Po", "OtherPunctuation"],
  ["Ps", "OpenPunctuation"],
  ["S", "Symbol"],
  ["Sc", "CurrencySymbol"],
  ["Sk", "ModifierSymbol"],
  ["Sm", "MathSymbol"],
  ["So", "OtherSymbol"],
  ["Z", "Separator"],
  ["Zl", "LineSeparator"],
  ["Zp", "ParagraphSeparator"],
  ["Zs", "SpaceSeparator"],
] as const) {
  for (const name of [short, ...long]) CATEGORIES[name.toLowerCase()] = `gc=${short}`;
}

/** Go's scripts with one-word names. Go does not find the others, such as Old_Italic, because it removes the underscore. */
const SCRIPTS = new Set(
  (
    "adlam ahom arabic armenian avestan balinese bamum batak bengali bhaiksuki bopomofo brahmi braille buginese buhid " +
    "carian chakma cham cherokee chorasmian common coptic cuneiform cypriot cyrillic deseret devanagari dogra duployan " +
    "elbasan elymaic ethiopic georgian glagolitic gothic grantha greek gujarati gurmukhi han hangul hanunoo hatran " +
    "hebrew hiragana inherited javanese kaithi kannada katakana kawi kharoshthi khmer khojki khudawadi lao latin lepcha " +
    "limbu lisu lycian lydian mahajani makasar malayalam mandaic manichaean marchen medefaidrin miao modi mongolian mro " +
    "multani myanmar nabataean nandinagari newa nko nushu ogham oriya osage osmanya palmyrene phoenician rejang runic " +
    "samaritan saurashtra sharada shavian siddham sinhala sogdian soyombo sundanese syriac tagalog tagbanwa takri tamil " +
    "tangsa tangut telugu thaana thai tibetan tifinagh tirhuta toto ugaritic vai vithkuqi wancho yezidi yi"
  ).split(" "),
);

/** JavaScript's name of a Go property, for use between `\p{` and `}`; undefined if Go does not have it. */
export function findProperty(goName: string): string | undefined {
  const name = goName.replaceAll(/[_ -]/g, "").toLowerCase();
  if (name === "any" || name === "ascii") return name === "any" ? "Any" : "ASCII";
  if (name === "assigned") return "Assigned";
  if (SCRIPTS.has(name)) return `Script=${name.charAt(0).toUpperCase()}${name.slice(1)}`;
  return Object.hasOwn(CATEGORIES, name) ? CATEGORIES[name] : undefined;
}
