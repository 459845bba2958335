//! The edges of functions that other products get wrong: nought, negative, missing, too long, another culture.

use rstest::rstest;

use super::examples::gives;

/// An error's text, without where it is.
fn trouble(format: &str) -> String {
    let given = gives(format);
    given
        .strip_prefix("error: ")
        .unwrap_or_else(|| panic!("{format} gives {given}"))
        .to_owned()
}

#[rstest]
// Left, Mid, right: nought and less give nothing of the text, more than there is all of it.
#[case("a{{ 'abc' | truncate(0) }}b", "ab")]
#[case("a{{ 'abc' | truncate(-1) }}b", "ab")]
#[case("{{ 'abc' | truncate(99) }}", "abc")]
#[case("{{ middlename | truncate(2) }}", "(no value)")]
#[case("a{{ 'abc' | right(0) }}b", "ab")]
#[case("a{{ 'abc' | right(-1) }}b", "ab")]
#[case("{{ 'abc' | right(99) }}", "abc")]
#[case("a{{ 'abc' | substring(3) }}b", "ab")]
#[case("a{{ 'abc' | substring(0, 0) }}b", "ab")]
#[case("{{ 'abc' | substring(-2) }}", "bc")]
#[case("{{ 'abc' | substring(-99, 2) }}", "ab")]
#[case("a{{ 'abc' | substring(1, -1) }}b", "ab")]
#[case("{{ 'naïve 👩‍🚀' | truncate(3) }}", "naï")]
// Item and Word: a place where nothing is gives no value.
#[case("{{ groups[0] }}", "staff")]
#[case("{{ groups[-1] }}", "admins")]
#[case("{{ groups[3] }}", "(no value)")]
#[case("{{ none[0] }}", "(no value)")]
#[case("{{ 'a b' | word(0) }}", "a")]
#[case("{{ 'a b' | word(2) }}", "(no value)")]
#[case("{{ 'a b' | word(-3) }}", "(no value)")]
#[case("{{ '' | word(0) }}", "(no value)")]
#[case("{{ 'a;b c' | word(1, ';') }}", "b c")]
// InStr
#[case("{{ 'abc' | index_of('') }}", "0")]
#[case("{{ 'abc' | index_of('x') }}", "(no value)")]
#[case("{{ 'aé€x' | index_of('x') }}", "3")]
#[case("{{ 'aXbX' | last_index_of('X') }}", "3")]
// Switch never writes what it was not told.
#[case("{{ 'other' | switch({'a': 'b'}) }}", "(no value)")]
#[case("{{ middlename | switch({'a': 'b'}) }}", "(no value)")]
#[case("{{ middlename | switch({'a': 'b'}, 'c') }}", "c")]
#[case("{{ ' RESEARCH ' | switch({'Research': 'R'}) }}", "R")]
// IIF: a missing value counts as no and fails nothing.
#[case("{{ 'y' if middlename == 'x' or activated else 'n' }}", "y")]
#[case("{{ 'y' if middlename else 'n' }}", "n")]
// Case by culture
#[case("{{ 'ISPARTA ilçe' | title('tr') }}", "Isparta İlçe")]
#[case("{{ 'istanbul' | title('tr') }}", "İstanbul")]
#[case("{{ 'istanbul' | title }}", "Istanbul")]
#[case("{{ 'IŞIK' | lower('tr') }}", "ışık")]
#[case("{{ 'ijmuiden' | title('nl') }}", "IJmuiden")]
#[case("{{ 'straße' | upper }}", "STRASSE")]
#[case("{{ \"o'brien-smith\" | title }}", "O'Brien-Smith")]
#[case("{{ \"employee's\" | title }}", "Employee's")]
#[case("{{ 'MCKAY' | proper_name }}", "McKay")]
#[case("{{ 'VAN DYKE' | proper_name }}", "Van Dyke")]
#[case("{{ 'anna DE vries' | proper_name }}", "Anna de Vries")]
// NormalizeDiacritics by locale
#[case(
    "{{ 'ÄRZTE Ärzte Øre Œuvre ßæłı' | ascii }}",
    "ARZTE Arzte Oere Oeuvre ssaeli"
)]
#[case("{{ 'ÄRZTE Ärzte' | ascii('de') }}", "AERZTE Aerzte")]
#[case("{{ 'Åsa Ö' | ascii('sv') }}", "Asa O")]
#[case("{{ 'Łukasz Ørsted' | remove_accents }}", "Łukasz Ørsted")]
// Lists
#[case("{{ ['b', 'a', 'B', 'b'] | unique }}", "b | a | B")]
#[case("{{ none | unique }}", "(no value)")]
#[case("{{ none | length }}", "0")]
#[case("{{ middlename | length }}", "0")]
#[case("{{ ['a', middlename] | join('-') }}", "(no value)")]
#[case("{{ ['a', middlename] | compact | join('-') }}", "a")]
// Padding
#[case("{{ 'abc' | pad(2) }}", "abc")]
#[case("{{ 'abc' | pad(-2) }}", "abc")]
#[case("{{ 'ab' | pad(4, 'é', 'right') }}", "abéé")]
// Bits
#[case("{{ -1 | bit(2) }}", "true")]
#[case("{{ 0 | bit(0) }}", "true")]
#[case("{{ 514 | bit(2, 'clear') }}", "512")]
// Dates
#[case("{{ 0 | from_filetime }}", "(no value)")]
#[case("{{ 9223372036854775807 | from_filetime }}", "(no value)")]
#[case("{{ '1601-01-01T00:00:00Z' | filetime }}", "0")]
#[case(
    "{{ '2026-03-29T00:30:00Z' | in_zone('Europe/Berlin') | date_add('1h') }}",
    "2026-03-29T03:30:00+02:00"
)]
#[case("{{ '2024-02-29' | date_add('1y') }}", "2025-02-28")]
#[case("{{ date_diff('2026-01-01', '2026-02-01') }}", "-31")]
#[case(
    "{{ date_diff('2026-10-26', '2026-10-25' | in_zone('Europe/Berlin'), 'hours') }}",
    "25"
)]
#[case("{{ 'before' if '2026-01-31' | date < '2026-02-01' else 'after' }}", "before")]
// Encodings
#[case("{{ 'é' | base64('utf-16le') }}", "6QA=")]
#[case("{{ '👍' | base64('utf-16le') | from_base64('utf-16le') }}", "👍")]
#[case("a{{ '' | base64 }}b", "ab")]
#[case("{{ 'é' | hex }}", "c3a9")]
#[case(
    "{{ '/xmWb4aLEdC0LQDPT8lk/w==' | guid }}",
    "6f9619ff-8b86-d011-b42d-00cf4fc964ff"
)]
// Countries, languages, telephone numbers
#[case("{{ 'Atlantis' | country | default('??') }}", "??")]
#[case("{{ '276' | country }}", "DE")]
#[case("{{ 'u.k.' | country('alpha3') }}", "GBR")]
#[case("{{ 'martian tongue' | language }}", "(no value)")]
#[case("{{ '+49 (0)30 1234-56 ext. 7' | phone }}", "+4930123456")]
// Replacement takes its text from anywhere.
#[case("{{ 'x-y' | regex_replace('(.)-(.)', '${2}' ~ lastname) }}", "yLovelace")]
#[case("{{ 'aaa' | replace('a', '') | default('-') }}", "-")]
fn edges_have_a_defined_result(#[case] format: &str, #[case] expected: &str) {
    assert_eq!(gives(format), expected, "{format}");
}

#[rstest]
#[case("{{ 'a' | truncate('b') }}", "needs a whole number")]
#[case("{{ 'maybe' | bool }}", "cannot read `aaaaa` as a yes or no")]
#[case("{{ 'soon' | date }}", "cannot read `aaaa` as a date")]
#[case("{{ 'Ada' | country('alpha4') }}", "needs `alpha2`")]
#[case("{{ 'a' | pad(3, 'xy') }}", "needs one character")]
#[case("{{ 'a' | pad(99999999) }}", "gives a text of more than")]
#[case("{{ 'a' | regex_replace('(', '') }}", "has a pattern that cannot be read")]
#[case("{{ '030 1' | phone }}", "cannot tell the country")]
#[case("{{ '2026-01-01' | in_zone('Mars/Olympus') }}", "does not know the time zone")]
#[case("{{ '%%%' | from_base64 }}", "cannot read `%%%` as Base64")]
fn what_cannot_be_done_is_an_error_that_says_what_is_needed(#[case] format: &str, #[case] expected: &str) {
    assert!(trouble(format).contains(expected), "{}", trouble(format));
}

#[test]
fn new_functions_keep_the_limits() {
    let many = "{{ groups | map('country') }}";
    assert_eq!(gives(many), "(no value)");
    assert_eq!(
        gives("{{ 'x' | pad(60000) | language | default('none') }}"),
        "none"
    );
    assert_eq!(
        gives("{{ 'x' | pad(60000) | country | default('none') }}"),
        "none"
    );
    let mut costly = "'x'".to_owned();
    for _ in 0..200 {
        costly = format!("random({costly}, 256)");
    }
    // Depth is bounded when it is read; either way there is an end.
    assert!(gives(&format!("{{{{ {costly} }}}}")).len() < 1_000);
}
