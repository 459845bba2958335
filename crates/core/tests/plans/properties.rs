//! What holds of every plan, whatever people do.

use std::collections::{BTreeMap, HashSet};

use proptest::prelude::*;

use crate::company::Company;
use crate::story::{CORP, person};

/// A person as the source may show them on a day; none when there is no record.
#[derive(Clone, Debug)]
struct Shape {
    first: &'static str,
    last: &'static str,
    department: Option<&'static str>,
    suspended: bool,
    ends: Option<&'static str>,
}

fn shape() -> impl Strategy<Value = Option<Shape>> {
    let some = (
        prop::sample::select(vec!["Ada", "Grace", "René", "李", "O'Neil"]),
        prop::sample::select(vec!["Lovelace", "Hopper", "Müller", "Smith"]),
        prop::option::of(prop::sample::select(vec!["Sales", "Research", "Nowhere"])),
        prop::bool::weighted(0.2),
        prop::option::weighted(0.2, prop::sample::select(vec!["2026-10-31", "2027-10-31"])),
    );
    prop::option::weighted(
        0.85,
        some.prop_map(|(first, last, department, suspended, ends)| Shape {
            first,
            last,
            department,
            suspended,
            ends,
        }),
    )
}

fn record(number: usize, shape: &Shape) -> String {
    let quoted = |value: Option<&str>| value.map_or("null".to_owned(), |value| format!("\"{value}\""));
    let more = format!(
        r#""department": {}, "ends": {}"#,
        quoted(shape.department),
        quoted(shape.ends)
    );
    let text = person(&number.to_string(), shape.first, shape.last, &more);
    if shape.suspended {
        text.replace("\"suspended\": false", "\"suspended\": true")
    } else {
        text
    }
}

fn records(people: &[Option<Shape>]) -> Vec<String> {
    let there = people
        .iter()
        .enumerate()
        .filter_map(|(number, shape)| Some((number, shape.as_ref()?)));
    there.map(|(number, shape)| record(number, shape)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// A plan that was carried out leaves nothing to do, every person has one account at most, and no two accounts
    /// share a name.
    #[test]
    fn what_was_carried_out_needs_no_second_look(days in prop::collection::vec(prop::collection::vec(shape(), 6), 1..5)) {
        let mut corp = Company::new(CORP);
        for people in &days {
            let records = records(people);
            corp.run(&records);
            prop_assert_eq!(corp.plan(&records).to_string(), "nothing to do");
            let mut owners = BTreeMap::new();
            for link in &corp.links {
                prop_assert!(owners.insert(link.account.clone(), link.key.clone()).is_none());
            }
            let logins: HashSet<&str> =
                corp.directory.values().map(|entry| entry.values["samaccountname"][0].as_str()).collect();
            prop_assert_eq!(logins.len(), corp.directory.len());
            let names: HashSet<String> =
                corp.directory.values().map(|entry| entry.dn.to_string().to_lowercase()).collect();
            prop_assert_eq!(names.len(), corp.directory.len());
        }
    }

    /// The same input gives the same plan, and the order of the records gives no other changes.
    #[test]
    fn plans_are_the_same_for_the_same_input(people in prop::collection::vec(shape(), 8)) {
        let records = records(&people);
        let plan = Company::new(CORP).plan(&records).to_string();
        prop_assert_eq!(&plan, &Company::new(CORP).plan(&records).to_string());
        let mut turned: Vec<String> = records;
        turned.reverse();
        let other = Company::new(CORP).plan(&turned);
        let keys = |text: &str| text.lines().filter(|line| line.starts_with('+')).count();
        prop_assert_eq!(keys(&plan), keys(&other.to_string()));
    }

    /// Incomplete data is never absence: without proof nobody leaves but those whose record says so.
    #[test]
    fn without_proof_nobody_is_absent(before in prop::collection::vec(shape(), 6), kept in 0..6_usize) {
        let mut corp = Company::new(CORP);
        let all = records(&before);
        corp.run(&all);
        corp.absence = tenure_core::plan::Absence::Unproven;
        let some: Vec<String> = all.into_iter().take(kept).collect();
        prop_assert_eq!(corp.plan(&some).to_string(), "nothing to do");
    }
}
