//! Columns of records as applications have them, and what is made of them.

use super::{Form, Kind, Survey, Surveyed};
use crate::expression::{Evaluated, Format, Scope};
use crate::record::Projection;

const PEOPLE: [&str; 3] = [
    r#"{"_id": "a1", "employeeIdentifier": "1001", "firstname": "Ada", "email": "ada@example.com", "activated": true,
        "suspended": false, "site": null, "groups": ["staff", "vpn"], "Cost Centre": 7,
        "phoneNumbers": [{"type": "work", "number": "+49 30 1234"}, {"type": "mobile", "number": "0170 5678"}],
        "attributes": [{"name": "it's", "value": "x"}], "jobs": [{"title": "Head"}, {"title": "Deputy"}]}"#,
    r#"{"_id": "a2", "employeeIdentifier": "1002", "firstname": "Bob", "email": "bob@example.com", "activated": false,
        "suspended": false, "site": {"name": "Berlin", "zip code": "10115"}, "groups": [], "phoneNumbers": [],
        "hireDate": "2026-11-01"}"#,
    r#"{"_id": "a3", "employeeIdentifier": "", "firstname": "Ada", "email": "ada.b@example.com", "activated": true,
        "suspended": true, "phoneNumbers": [{"number": "1"}], "true": "no name"}"#,
];

fn surveyed() -> Surveyed {
    let mut survey = Survey::default();
    for person in PEOPLE {
        survey.record(person.as_bytes());
    }
    survey.record(b"[1]");
    survey.finish()
}

#[test]
fn every_column_is_found_with_what_it_is_and_how_often_it_is_filled() {
    let surveyed = surveyed();
    assert_eq!((surveyed.records, surveyed.unreadable), (4, 1));
    let lines: Vec<String> = surveyed
        .columns
        .iter()
        .map(|column| {
            let kinds: Vec<_> = column.kinds.iter().map(|kind| kind.word()).collect();
            format!(
                "{}{}: {} {} {}{} [{}]",
                column.path,
                if column.usable { "" } else { " (cannot be named)" },
                kinds.join("/"),
                column.form.map_or("", Form::word),
                column.filled,
                if column.unique { " unique" } else { "" },
                column.sample
            )
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    Cost Centre: number  1 unique [7]
    _id: text  3 unique [a1]
    activated: yes/no  3 [true]
    attributes | selectattr('name', 'eq', 'it\'s') | map(attribute='value') | first: text  1 unique [x]
    email: text e-mail 3 unique [ada@example.com]
    employeeIdentifier: text  2 unique [1001]
    firstname: text  3 [Ada]
    groups: list  1 unique [staff, vpn]
    hireDate: text day 1 unique [2026-11-01]
    jobs | map(attribute='title'): list  1 unique [Head, Deputy]
    jobs[0].title: text  1 unique [Head]
    jobs[1].title: text  1 unique [Deputy]
    phoneNumbers | map(attribute='number'): list  2 unique [+49 30 1234, 0170 5678]
    phoneNumbers | selectattr('type', 'eq', 'mobile') | map(attribute='number') | first: text phone 1 unique [0170 5678]
    phoneNumbers | selectattr('type', 'eq', 'work') | map(attribute='number') | first: text phone 1 unique [+49 30 1234]
    phoneNumbers[0].number: text  2 unique [+49 30 1234]
    site.name: text  1 unique [Berlin]
    site['zip code']: text  1 unique [10115]
    suspended: yes/no  3 [false]
    true (cannot be named): text  1 unique [no name]
    ");
}

#[test]
fn a_mapping_that_names_a_column_gets_its_sample() {
    for column in surveyed()
        .columns
        .iter()
        .filter(|column| column.usable && column.filled > 0)
    {
        let format = Format::column(&column.path).unwrap();
        let projection = Projection::new(format.columns().map(|(name, _)| name));
        let first = PEOPLE.iter().find_map(|person| {
            let columns = projection.read(person.as_bytes()).unwrap();
            match format.evaluate(&Scope::of_names(&columns)).unwrap() {
                Evaluated::Values(values) if !values.is_empty() => Some(values.join(", ")),
                _ => None,
            }
        });
        assert_eq!(first.as_deref(), Some(column.sample.as_str()), "{}", column.path);
    }
}

#[test]
fn the_key_and_the_mapping_are_guessed_by_names_and_values() {
    let suggestions = surveyed().suggestions();
    let lines = |list: &[super::Suggestion]| {
        list.iter()
            .map(|one| format!("{} <- {} ({})", one.target, one.from, one.why))
            .collect::<Vec<_>>()
            .join("\n")
    };
    let texts = [
        suggestions.primary_key,
        suggestions.attributes,
        suggestions.lifecycle,
    ]
    .map(|list| lines(&list));
    insta::assert_snapshot!(texts.join("\n\n"), @r"
    primary_key <- _id (the application's own id; no value twice, and none of 3 without one)
    primary_key <- employeeIdentifier (named like an employee number; no value twice, but 1 of 3 have none and would be left out)

    employeeID <- employeeIdentifier (by its name)
    givenName <- firstname (by its name)
    mail <- email (by its name)
    telephoneNumber <- phoneNumbers | selectattr('type', 'eq', 'work') | map(attribute='number') | first (by what its items are marked as)
    mobile <- phoneNumbers | selectattr('type', 'eq', 'mobile') | map(attribute='number') | first (by what its items are marked as)
    postalCode <- site['zip code'] (by its name)

    active <- activated and not suspended (by its name)
    starts <- hireDate (by its name and values)
    ");
}

#[test]
fn an_address_is_found_by_its_values_and_never_offered_as_the_key() {
    let mut survey = Survey::default();
    for at in 0..3 {
        survey
            .record(format!(r#"{{"reach": "p{at}@example.com", "userid": "p{at}@example.com"}}"#).as_bytes());
    }
    let suggestions = survey.finish().suggestions();
    assert!(suggestions.primary_key.is_empty());
    let mail: Vec<_> = suggestions
        .attributes
        .iter()
        .map(|one| (&*one.target, &*one.why))
        .collect();
    assert_eq!(mail, [("mail", "by its values")]);
}

#[test]
fn what_is_too_much_is_counted_and_not_kept() {
    let mut survey = Survey::default();
    let members: Vec<String> = (0..600).map(|at| format!("\"c{at}\": {at}")).collect();
    survey.record(format!("{{{}}}", members.join(",")).as_bytes());
    let deep = format!("{}1{}", "{\"a\":".repeat(40), "}".repeat(40));
    survey.record(deep.as_bytes());
    let surveyed = survey.finish();
    assert_eq!((surveyed.columns.len(), surveyed.left_out), (500, 101));
    assert!(
        surveyed
            .columns
            .iter()
            .all(|column| column.kinds == [Kind::Number])
    );
}
