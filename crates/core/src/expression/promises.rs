//! What formats and conditions promise beyond their functions.

use proptest::prelude::*;

use super::examples::{RECORD, Record, Vault, lookups, now};
use super::{Condition, Evaluated, Format, MAX_TEXT, Scope};

fn given(format: &str) -> Result<Evaluated, String> {
    let (record, lookups) = (Record::new(RECORD), lookups());
    let scope = Scope::of_names(&record).with_lookups(&lookups).with_now(now());
    let format = Format::parse(format).map_err(|error| error.to_string())?;
    format.evaluate(&scope).map_err(|error| error.to_string())
}

fn values(format: &str) -> Vec<String> {
    match given(format) {
        Ok(Evaluated::Values(values)) => values,
        other => panic!("{format} gives {other:?}"),
    }
}

fn missing(format: &str) -> String {
    match given(format) {
        Ok(Evaluated::Nothing { missing }) => missing,
        other => panic!("{format} gives {other:?}"),
    }
}

fn holds(condition: &str) -> bool {
    let (record, lookups) = (Record::new(RECORD), lookups());
    let scope = Scope::of_names(&record).with_lookups(&lookups).with_now(now());
    Condition::parse(condition).unwrap().holds(&scope).unwrap()
}

#[test]
fn a_text_with_a_missing_part_is_no_value_rather_than_half_a_name() {
    assert_eq!(
        missing("{{ firstname }} {{ middlename }} {{ lastname }}"),
        "middlename"
    );
    assert_eq!(missing("{{ nobody.home }}"), "nobody.home");
    assert_eq!(
        values("{{ firstname }} {{ middlename | default('-') }} {{ lastname }}"),
        ["Ada - Lovelace"]
    );
}

#[test]
fn plain_text_is_itself() {
    assert_eq!(
        values("OU=People,DC=example,DC=com"),
        ["OU=People,DC=example,DC=com"]
    );
}

#[test]
fn a_list_gives_several_values() {
    assert_eq!(values("{{ groups }}"), ["staff", "vpn", "admins"]);
}

#[test]
fn the_work_phone_is_found_among_several() {
    let format = "{{ phoneNumbers | selectattr('type', 'eq', 'work') | map(attribute='number') | first }}";
    assert_eq!(values(format), ["+49 30 1234"]);
}

#[test]
fn a_column_path_reads_members_and_items() {
    let record = Record::new(RECORD);
    let scope = Scope::of_names(&record);
    for (path, expected) in [
        ("site.name", "Berlin"),
        ("site.rooms[1]", "2"),
        ("phoneNumbers[0].number", "0170 5678"),
        ("age", "36"),
    ] {
        let evaluated = Format::column(path).unwrap().evaluate(&scope).unwrap();
        assert_eq!(evaluated, Evaluated::Values(vec![expected.to_owned()]), "{path}");
    }
}

#[test]
fn a_misspelt_function_is_met_with_the_right_one() {
    let error = given("{{ firstname | lowr }}").unwrap_err();
    assert!(error.contains("lower"), "{error}");
}

#[test]
fn a_day_is_compared_in_its_zone() {
    assert!(holds("start | date(zone='Europe/Berlin') <= now"));
    assert!(holds("start == '2026-11-01'"));
}

#[test]
fn conditions_about_missing_values_do_not_hold() {
    assert!(!holds("middlename == 'x'"));
    assert!(!holds("middlename and activated"));
    assert!(holds("activated and not suspended"));
    assert!(holds("not middlename"));
}

#[test]
fn what_grows_without_end_is_stopped() {
    let mut format = "'x'".to_owned();
    for _ in 0..40 {
        format = format!("({format} | pad({MAX_TEXT}))");
    }
    assert!(
        given(&format!("{{{{ {format} }}}}"))
            .unwrap_err()
            .contains("too much text")
    );
    let bomb = "{{ firstname | replace('', firstname | pad(60000)) | replace('A', firstname | pad(60000)) }}";
    assert!(given(bomb).is_err());
}

#[test]
fn secrets_are_for_requests_only() {
    assert!(given("{{ secret('token') }}").unwrap_err().contains("secrets"));
    let format = Format::parse("Bearer {{ secret('token') }}").unwrap();
    assert!(format.uses_secret());
    let scope = Scope::new().with_secrets(&Vault);
    assert_eq!(
        format.evaluate(&scope).unwrap(),
        Evaluated::Values(vec!["Bearer s3cr3t".into()])
    );
}

#[test]
fn what_is_read_is_known_before() {
    let format = Format::parse("{{ site.name }}: {{ ou_for(firstname) }} {{ now }}").unwrap();
    assert_eq!(
        format.columns().collect::<Vec<_>>(),
        [("site", Some("name")), ("firstname", None)]
    );
    assert_eq!(format.tables().collect::<Vec<_>>(), ["ou_for"]);
    assert!(format.uses_now());
}

#[test]
fn evaluating_into_gives_the_same_values() {
    let (record, lookups) = (Record::new(RECORD), lookups());
    let scope = Scope::of_names(&record).with_lookups(&lookups).with_now(now());
    for text in [
        "{{ firstname }}",
        "{{ groups }}",
        "{{ site.name }}",
        "{{ age }}",
        "a {{ lastname }}",
        "{{ none }}",
    ] {
        let format = Format::parse(text).unwrap();
        let mut values = Vec::new();
        let missing = format
            .evaluate_into(&scope, &mut |value| values.push(value.to_owned()))
            .unwrap();
        match format.evaluate(&scope).unwrap() {
            Evaluated::Values(expected) => assert_eq!((values, missing), (expected, None), "{text}"),
            Evaluated::Nothing { missing: expected } => assert_eq!(missing, Some(expected), "{text}"),
        }
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_or_evaluator_panic(text in ".{0,80}") {
        drop(given(&text));
        drop(given(&format!("{{{{ {text} }}}}")));
    }

    #[test]
    fn no_likely_expression_makes_them_panic(
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                "firstname", "groups", "phoneNumbers", "site", ".", "[", "]", "(", ")", "|", " first ", "lower", " and ",
                "not ", "==", "'", "\"", "1", "-", "~", ",", "=", "truncate", "date", "pad", "{", "}", " in ", " is ",
                "if", " else ",
            ]),
            0..16,
        )
    ) {
        drop(given(&format!("{{{{ {} }}}}", pieces.concat())));
    }
}
