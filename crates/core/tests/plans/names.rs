//! Names that are free, short enough and stay what they are.

use std::collections::HashSet;

use tenure_core::action::Action;

use crate::company::Company;
use crate::story::{CORP, person};

fn logins(plan: &crate::company::Plan) -> Vec<String> {
    let created = plan
        .changes
        .iter()
        .flat_map(|change| &change.operations)
        .filter_map(|operation| {
            let Action::CreateAccount { attributes, .. } = &operation.action else {
                return None;
            };
            attributes
                .iter()
                .find(|attribute| attribute.name.is("sAMAccountName"))?
                .values
                .first()
                .cloned()
        });
    created.collect()
}

#[test]
fn ten_thousand_people_of_one_name_get_ten_thousand_logins() {
    let mut corp = Company::new(CORP);
    let people: Vec<String> = (0..10_000)
        .map(|number| person(&number.to_string(), "John", "Smith", ""))
        .collect();
    let plan = corp.run(&people);
    let logins = logins(&plan);
    let different: HashSet<String> = logins.iter().map(|login| login.to_lowercase()).collect();
    assert_eq!((logins.len(), different.len()), (10_000, 10_000));
    assert!(logins.iter().all(|login| login.chars().count() <= 20));
    assert_eq!(corp.plan(&people).to_string(), "nothing to do");
}

#[test]
fn names_are_written_in_ascii_within_twenty_characters_and_avoid_what_is_taken() {
    let mut corp = Company::new(CORP);
    corp.taken = vec![("sAMAccountName".into(), "ALovelace".to_owned())];
    let plan = corp.run(&[
        person("1", "Ada", "Lovelace", ""),
        person("2", "Ångström", "Wolfeschlegelsteinhausenbergerdorff", ""),
        person("3", "小明", "王", ""),
        person("4", "Seán", "O'Neill-d'Arcy", ""),
    ]);
    insta::assert_debug_snapshot!(logins(&plan));
}
