use std::fmt::Write as _;

use tenure_sim::{
    Mess, Population, PopulationOptions,
    population::{Person, State},
};

use crate::caller::{Caller, distinct};

fn line(person: Person<'_>) -> String {
    let mut line = format!(
        "{:?} {:?} {:?} {}",
        person.given().unwrap_or("-"),
        person.middle().unwrap_or("-"),
        person.family().as_deref().unwrap_or("-"),
        person.username()
    );
    for part in [
        person.employee_identifier().as_deref(),
        person.department(),
        person.job_title(),
        person.cost_centre().as_deref(),
        person.location(),
        Some(person.state().name()),
    ] {
        write!(line, " | {}", part.unwrap_or("-")).unwrap();
    }
    for phone in person.phones() {
        write!(line, " | {}: {}", phone.kind, phone.number).unwrap();
    }
    line
}

fn lines(population: &Population) -> Vec<String> {
    population.people().map(line).collect()
}

#[test]
fn names_and_records_are_as_untidy_as_in_real_life() {
    let population = Population::generate(40, 1);
    insta::assert_snapshot!(lines(&population).join("\n"));
}

#[tokio::test]
async fn a_served_record_has_every_part() {
    let caller = Caller::among(3).await;
    let path = "/api/systemusers?sort=_id&skip=1&limit=1";
    let body = caller
        .send(reqwest::Method::GET, path, None)
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    insta::assert_snapshot!(body.replace(",\"", ",\n\""));
}

#[tokio::test]
async fn the_same_seed_gives_the_same_bytes() {
    let (one, two) = (Caller::among(300).await, Caller::among(300).await);
    let other = Caller::of(crate::caller::options(Population::generate(300, 2))).await;
    let bytes = async |caller: &Caller| {
        let path = "/api/systemusers?sort=_id&limit=100&skip=200";
        caller
            .send(reqwest::Method::GET, path, None)
            .await
            .unwrap()
            .bytes()
            .await
            .unwrap()
    };
    assert_eq!(bytes(&one).await, bytes(&two).await);
    assert_ne!(bytes(&one).await, bytes(&other).await);
}

#[test]
fn a_larger_population_begins_with_the_smaller_one() {
    let (small, large) = (Population::generate(100, 7), Population::generate(1000, 7));
    assert_eq!(lines(&small), lines(&large)[..100]);
}

#[test]
fn what_must_be_unique_is_unique_and_plain() {
    let population = Population::generate(20_000, 3);
    let names: Vec<String> = population.people().map(Person::username).collect();
    assert_eq!(distinct(&names).len(), 20_000);
    for name in &names {
        assert!(
            name.bytes()
                .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-')),
            "{name}"
        );
        assert!(
            name.starts_with(|first: char| first.is_ascii_lowercase()),
            "{name}"
        );
        assert!(!name.ends_with(['.', '-']), "{name}");
    }
    let identifiers: Vec<String> = population
        .people()
        .filter_map(Person::employee_identifier)
        .collect();
    assert_eq!(distinct(&identifiers).len(), identifiers.len());
    let ids: Vec<String> = population.people().map(Person::id).collect();
    assert!(ids.is_sorted() && ids.iter().all(|id| id.len() == 24));
}

#[test]
fn about_as_many_values_are_missing_as_was_asked_for() {
    let population = Population::with_options(PopulationOptions {
        people: 10_000,
        missing_per_mille: 100,
        ..PopulationOptions::default()
    });
    let count = |lacks: fn(Person<'_>) -> bool| population.people().filter(|person| lacks(*person)).count();
    for missing in [
        count(|person| person.family().is_none()),
        count(|person| person.phones().is_empty()),
        count(|person| person.department().is_none()),
        count(|person| person.employee_identifier().is_none()),
    ] {
        assert!((850..1150).contains(&missing), "{missing} of 10000");
    }
    assert!(count(|person| person.phones().len() > 1) > 3000);
    assert!(count(|person| person.addresses().len() > 1) > 3000);
    assert!(count(|person| person.state() != State::Active) > 300);
}

#[test]
fn tidy_people_have_everything_once() {
    let population = Population::with_options(PopulationOptions {
        people: 2000,
        mess: Mess::None,
        ..PopulationOptions::default()
    });
    for person in population.people() {
        let line = line(person);
        assert!(
            line.is_ascii()
                || person.location().is_some_and(|city| !city.is_ascii())
                || !person.department().unwrap().is_ascii(),
            "{line}"
        );
        assert!(
            person.given().is_some() && person.family().is_some() && person.employee_identifier().is_some()
        );
        assert_eq!(
            (person.phones().len(), person.addresses().len()),
            (1, 1),
            "{line}"
        );
        assert_eq!(person.state(), State::Active);
    }
}

#[test]
fn ten_thousand_people_can_have_one_name() {
    let population = Population::with_options(PopulationOptions {
        people: 10_000,
        mess: Mess::None,
        same_name: Some(("John".to_owned(), "Smith".to_owned())),
        ..PopulationOptions::default()
    });
    assert!(
        population
            .people()
            .all(|person| person.display_name() == "John Smith")
    );
    let names: Vec<String> = population.people().map(Person::username).collect();
    assert_eq!(distinct(&names).len(), 10_000);
    assert_eq!(names[..3], ["john.smith", "john.smith2", "john.smith3"]);
}

#[test]
fn everybody_but_the_first_has_a_manager_who_exists() {
    let population = Population::generate(500, 1);
    let ids = distinct(&population.people().map(Person::id).collect::<Vec<_>>());
    let mut people = population.people();
    assert_eq!(people.next().and_then(Person::manager), None);
    assert!(people.all(|person| ids.contains(&person.manager().unwrap())));
}
