//! What functions of other products are called here. Each row's example is evaluated by a test, and the tables of the
//! documentation are made of them.

/// A product whose functions administrators may know.
pub(super) struct House {
    pub(super) name: &'static str,
    pub(super) rows: &'static [Row],
}

/// A function there, and what does the same here.
pub(super) struct Row {
    /// What it is called there.
    pub(super) there: &'static str,
    /// What is different here, or where it is when it is no function; may be empty.
    pub(super) note: &'static str,
    /// A format that does it and what it gives; none where it is no function.
    pub(super) here: Option<(&'static str, &'static str)>,
}

/// A function there that is an expression here.
const fn is(there: &'static str, format: &'static str, result: &'static str, note: &'static str) -> Row {
    Row {
        there,
        note,
        here: Some((format, result)),
    }
}

/// Something there that is something else here.
const fn no(there: &'static str, note: &'static str) -> Row {
    Row {
        there,
        note,
        here: None,
    }
}

/// Entra's provisioning, `SailPoint`'s transforms, `ADManager Plus`' naming formats, and what all of them lack.
pub(super) const HOUSES: [House; 4] = [
    House {
        name: "Microsoft Entra ID (attribute mapping)",
        rows: &ENTRA,
    },
    House {
        name: "SailPoint Identity Security Cloud (transforms)",
        rows: &SAILPOINT,
    },
    House {
        name: "ADManager Plus (naming formats)",
        rows: &ADMANAGER,
    },
    House {
        name: "In none of them",
        rows: &NOWHERE,
    },
];

#[rustfmt::skip]
const ENTRA: [Row; 45] = [
    is("Append", "{{ employeeNumber }}@example.com", "4711@example.com", "Text beside the braces."),
    is("AppRoleAssignmentsComplex", "{{ phoneNumbers | map(attribute='number') }}", "0170 5678 | +49 30 1234", "A member of every item of a list."),
    is("BitAnd", "{{ 514 | bit(2, 'and') }}", "2", "Also tests, sets and clears bits."),
    is("CBool", "{{ 'Yes' | bool }}", "true", "Other texts are errors rather than no."),
    is("CDate", "{{ '31.10.2026' | date('%d.%m.%Y') }}", "2026-10-31", "With zones."),
    is("Coalesce", "{{ coalesce(nickname, middlename, firstname) }}", "Ada", ""),
    is("ConvertToBase64", "{{ 'Ada' | base64('utf-16le') }}", "QQBkAGEA", "UTF-8 when nothing is said; `guid_base64` makes an immutable id."),
    is("ConvertToUTF8Hex", "{{ 'Ada' | hex }}", "416461", ""),
    is("Count", "{{ groups | length }}", "3", ""),
    is("CStr", "{{ age ~ '' }}", "36", "Values become texts by themselves wherever one is needed."),
    is("DateAdd", "{{ start | date_add('-2 weeks') }}", "2026-10-18", ""),
    is("DateDiff", "{{ date_diff('2026-12-24', start, 'weeks') }}", "7", ""),
    is("DateFromNum", "{{ 134379648000000000 | from_filetime }}", "2026-11-01T00:00:00Z", "0 and the largest number mean never, which is no value."),
    is("DefaultDomain", "{{ firstname | lower }}@corp.example.com", "ada@corp.example.com", "Write the domain, or `lookup` it by what decides on it."),
    is("FormatDateTime", "{{ '01.11.2026' | date('%d.%m.%Y') | format_date('%Y%m%d') }}", "20261101", "With zones."),
    is("Guid", "{{ guid_of(employeeNumber) }}", "de650d61-f5bd-866a-91f8-ccec3158297d", "The same for the same text, so that a second run changes nothing."),
    is("IgnoreFlowIfNullOrEmpty", "{{ nickname }}", "(no value)", "A value that is missing is left out of the write; `write: keep_if_source_empty` keeps what is there."),
    is("IIF", "{{ 'on' if activated and not suspended else 'off' }}", "on", "With `and`, `or`, `not`; a missing value counts as no."),
    is("InStr", "{{ 'ada@example.com' | index_of('@') }}", "3", "From 0; no value when it is not there."),
    is("IsNull", "{{ middlename is missing }}", "true", ""),
    is("IsNullOrEmpty", "{{ nickname is empty }}", "true", ""),
    is("IsPresent", "{{ firstname is defined }}", "true", ""),
    is("IsString", "{{ firstname is string }}", "true", ""),
    is("Item", "{{ groups[0] }}", "staff", "From 0, and from the end when negative; no value when there are fewer."),
    is("Join", "{{ [lastname, firstname] | join(', ') }}", "Lovelace, Ada", "With `compact` before it missing items are passed over."),
    is("Left", "{{ lastname | truncate(4) }}", "Love", ""),
    is("Mid", "{{ lastname | substring(1, 3) }}", "ove", "From 0."),
    is("NormalizeDiacritics", "{{ 'Jürgen Łoś' | ascii('de') }}", "Juergen Los", "The language decides on ä, ö, ü and å; `remove_accents` takes only accents away."),
    is("Not", "{{ not suspended }}", "true", ""),
    is("Now", "{{ now | format_date('%Y-%m-%d', 'Europe/Berlin') }}", "2026-11-21", "The time of the run, the same for everybody in it."),
    is("NumFromDate", "{{ '2026-11-01T00:00:00Z' | filetime }}", "134379648000000000", ""),
    is("PCase", "{{ 'head of SALES' | title }}", "Head Of Sales", "`proper_name` for people: McKay, van, O'Brien. With a language for Turkish and Dutch."),
    is("RandomString", "{{ random(employeeNumber, 8, digits=2, capitals=1) }}", "wje3H9sz", "Made from a seed; passwords are made by the template."),
    no("Redact", "`redact: true` of an attribute hides its values."),
    is("RemoveDuplicates", "{{ ['a', 'b', 'a'] | unique }}", "a | b", ""),
    is("Replace", "{{ 'Lovelace, Ada' | regex_replace('^(.*), (.*)$', '$2 $1') }}", "Ada Lovelace", "`replace` for plain text, `replace_all` for several; what is put in may be any column."),
    no("SelectUniqueValue", "`unique` of a template: formats in order, the first that is free, escaped, reserved within the run, and kept."),
    is("SingleAppRoleAssignment", "{{ groups | first }}", "staff", ""),
    is("Split", "{{ 'a, b,,c' | split(',') }}", "a | b | c", "Without empty parts and the space around them."),
    is("StripSpaces", "{{ 'Ada King' | replace(' ', '') }}", "AdaKing", ""),
    is("Switch", "{{ department | switch({'Sales': 'S', 'Research': 'R'}, 'X') }}", "R", "Without regard to case. A `lookup` document for many."),
    is("ToLower", "{{ 'ILGAZ' | lower('tr') }}", "ılgaz", "With a language for Turkish."),
    is("ToUpper", "{{ 'izmir' | upper('tr') }}", "İZMİR", "With a language for Turkish."),
    is("Word", "{{ 'Ada King Lovelace' | word(-1) }}", "Lovelace", "From 0, and from the end when negative."),
    no("Apply once (flow type)", "`write: on_create` of an attribute."),
];

#[rustfmt::skip]
const SAILPOINT: [Row; 35] = [
    no("accountAttribute, identityAttribute", "The column's name."),
    is("base64Encode, base64Decode", "{{ 'Ada' | base64 | from_base64 }}", "Ada", ""),
    is("concatenation", "{{ firstname }} {{ lastname }}", "Ada Lovelace", "No value when a part is missing, rather than half a name."),
    is("conditional", "{{ 'R' if department == 'Research' else 'X' }}", "R", "With any comparison, `and`, `or`, `in`."),
    is("dateCompare", "{{ 'due' if start <= '2026-11-21' else 'later' }}", "due", ""),
    is("dateFormat", "{{ '11/01/2026' | date('%m/%d/%Y') | format_date('%d.%m.%Y') }}", "01.11.2026", ""),
    is("dateMath (now+1w/d)", "{{ now | date_add('1w') | start_of('day') }}", "2026-11-28", ""),
    is("decomposeDiacriticalMarks", "{{ 'Renée Müller' | remove_accents }}", "Renee Muller", ""),
    is("displayName", "{{ coalesce(nickname, firstname) }} {{ lastname }}", "Ada Lovelace", ""),
    is("e164phone", "{{ '(030) 12 34-56' | phone('DE') }}", "+4930123456", ""),
    is("firstValid", "{{ coalesce(middlename, nickname, lastname) }}", "Lovelace", ""),
    is("generateRandomString", "{{ random(employeeNumber, 6) }}", "beRjTs", "Made from a seed."),
    is("getEndOfString", "{{ lastname | right(4) }}", "lace", ""),
    no("getReferenceIdentityAttribute", "An attribute of another person, such as the manager's mail: not in this version."),
    is("indexOf", "{{ 'abcba' | index_of('b') }}", "1", ""),
    is("iso3166", "{{ 'Deutschland' | country('alpha3') }}", "DEU", "Also by names in other languages."),
    is("join", "{{ groups | join(',') }}", "staff,vpn,admins", ""),
    is("lastIndexOf", "{{ 'abcba' | last_index_of('b') }}", "3", ""),
    is("leftPad, rightPad", "{{ 42 | pad(6) }}{{ 'a' | pad(3, '-', 'right') }}", "000042a--", ""),
    is("lookup", "{{ ou_for(department) }}", "OU=Research", "A `lookup` document, with `otherwise`."),
    is("lower, upper", "{{ 'ADA' | lower }}{{ 'ada' | upper }}", "adaADA", ""),
    is("nameNormalizer", "{{ \"LUDWIG VAN O'BRIEN-mcdonald iii\" | proper_name }}", "Ludwig van O'Brien-McDonald III", ""),
    is("normalizeNames", "{{ 'JEAN DE LA FONTAINE' | proper_name }}", "Jean de la Fontaine", ""),
    is("randomAlphaNumeric", "{{ random(employeeNumber, 10) }}", "SRw3zTjsbe", "Made from a seed."),
    is("randomNumeric", "{{ random(employeeNumber, 4, characters='0123456789') }}", "9313", "Made from a seed."),
    no("reference", "A `lookup` document, or the format itself."),
    is("replace", "{{ 'a b c' | regex_replace('\\\\s', '_') }}", "a_b_c", ""),
    is("replaceAll", "{{ 'Jürgen' | replace_all({'ü': 'ue', 'ß': 'ss'}) }}", "Juergen", ""),
    is("rfc5646", "{{ 'en_us' | language }}", "en-US", "Also by names of languages."),
    is("split", "{{ ('a.b.c' | split('.'))[1] }}", "b", ""),
    is("static", "Example Ltd", "Example Ltd", ""),
    is("substring", "{{ lastname | substring(0, 4) }}", "Love", ""),
    is("trim", "{{ '  Ada ' | trim }}", "Ada", ""),
    no("usernameGenerator", "`unique` of a template; it goes on with numbers rather than stopping after 50 tries."),
    is("uuid", "{{ guid_of(employeeNumber) }}", "de650d61-f5bd-866a-91f8-ccec3158297d", "The same for the same text."),
];

#[rustfmt::skip]
const ADMANAGER: [Row; 20] = [
    is("%attribute%, separators, custom text", "{{ firstname }}.{{ lastname }}-ext", "Ada.Lovelace-ext", "Strict: no value rather than a part that is empty."),
    is("Random number of n digits", "{{ random(employeeNumber, 4, characters='0123456789') }}", "9313", "Made from a seed, so that it stays."),
    is("Custom function", "{{ ou_for(department) }}", "OU=Research", "An expression, or a `lookup` document."),
    is("First word", "{{ 'Ada King Lovelace' | word(0) }}", "Ada", ""),
    is("Last word", "{{ 'Ada King Lovelace' | word(-1) }}", "Lovelace", ""),
    is("Every word", "{{ 'Ada King' | split | map('truncate', 2) | join('') }}", "AdKi", ""),
    is("First n characters", "{{ lastname | truncate(1) }}", "L", ""),
    is("Last n characters", "{{ lastname | right(4) }}", "lace", ""),
    is("n-th character", "{{ lastname | substring(2, 1) }}", "v", "From 0."),
    is("Lower, upper case", "{{ lastname | lower }}", "lovelace", ""),
    is("Initial capitals", "{{ 'ada king' | title }}", "Ada King", ""),
    is("Limit the length", "{{ (firstname ~ lastname) | truncate(8) }}", "AdaLovel", "In `unique` it is `max_length`, with room for a number."),
    is("Strip accents", "{{ 'Müller' | ascii('de') }}", "Mueller", ""),
    is("Strip spaces", "{{ 'van der Berg' | replace(' ', '') }}", "vanderBerg", ""),
    is("Preview", "{{ firstname | initials }}", "A", "`tenure fetch` and `tenure test` show what comes of real records."),
    is("Condition: first name empty", "{{ lastname if firstname is empty else firstname }}", "Ada", ""),
    is("Condition: middle name starts with", "{{ 'M' if middlename is starts_with('M') else '-' }}", "-", "A missing value starts with nothing."),
    is("%fx.prefix(args)%, nested with #", "{{ firstname | truncate(1) | lower }}{{ lastname | lower }}", "alovelace", "Calls stand one behind the other."),
    no("Duplicates: ordered alternatives", "`unique` of a template: formats in order."),
    no("Duplicates: suffix, increment", "`unique` of a template adds a number when all are taken."),
];

#[rustfmt::skip]
const NOWHERE: [Row; 14] = [
    is("and, or, xor", "{{ activated and not suspended }} {{ xor(activated, suspended) }}", "true true", ""),
    is("Test by a regular expression", "{{ employeeNumber is matches('^[0-9]{4}$') }}", "true", ""),
    is("Lookup table", "{{ department | lookup('ou_for') }}", "OU=Research", ""),
    is("Padding", "{{ employeeNumber | pad(8, '0') }}", "00004711", ""),
    is("Telephone, country, language", "{{ '0170 5678' | phone('DE') }} {{ 'Schweiz' | country }} {{ 'de_ch' | language }}", "+491705678 CH de-CH", ""),
    is("Transliteration by locale", "{{ 'Åse Øst' | ascii('nb') }}", "Aase Oest", ""),
    is("Conversion of zones", "{{ '2026-11-01T23:30:00Z' | in_zone('Europe/Berlin') }}", "2026-11-02T00:30:00+01:00", ""),
    is("Hash", "{{ 'Ada' | hash | truncate(8) }}", "99a563ab", ""),
    is("First that is not empty", "{{ [nickname, middlename, lastname] | first }}", "Lovelace", ""),
    is("Map over several values", "{{ groups | map('upper') }}", "STAFF | VPN | ADMINS", ""),
    is("Filter of several values", "{{ groups | reject('in', ['vpn']) }}", "staff | admins", ""),
    is("Reserved names", "{{ 'Administrator' is reserved }}", "true", ""),
    no("Sequence number", "`unique` of a template adds the first number that is free."),
    is("Moments of Active Directory and LDAP", "{{ '2026-11-01T08:30:00Z' | generalized_time }}", "20261101083000Z", ""),
];
