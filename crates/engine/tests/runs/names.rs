//! Thousands of people of one name.

use std::collections::{BTreeMap, BTreeSet};

use rstest::rstest;
use tenure_core::action::Action;
use tenure_core::attribute::AttributeName;
use tenure_sim::{Mess, Population, PopulationOptions};
use tenure_store::RunState;

use crate::company::{Company, On};

fn john_smiths(people: usize) -> Population {
    Population::with_options(PopulationOptions {
        people,
        mess: Mess::None,
        same_name: Some(("John".to_owned(), "Smith".to_owned())),
        ..PopulationOptions::default()
    })
}

/// Everybody's login.
async fn logins(company: &Company) -> BTreeMap<String, String> {
    let (dictionary, accounts) = company.accounts().await;
    let index = |name| dictionary.index(name).unwrap();
    let (person, login) = (index("employeeID"), index("sAMAccountName"));
    let logins = accounts.iter().map(|account| {
        let value = |at| account.attributes.first(at).unwrap().to_owned();
        (value(person), value(login))
    });
    logins.collect()
}

/// PostgreSQL takes minutes for as many first writes as SQLite makes in seconds, so it has fewer.
#[rstest]
#[case::ten_thousand(On::Sqlite, 10_000)]
#[case::a_thousand(On::Postgres, 1_000)]
#[tokio::test]
async fn john_smiths_get_a_login_each_and_keep_it(#[case] on: On, #[case] count: usize) {
    let mut company = Company::start(on, john_smiths(count)).await;
    let run = company.run().await;
    assert_eq!(run.applied.creates, count as u64);

    let first = logins(&company).await;
    assert_eq!(first.len(), count);
    // Case does not tell logins apart.
    let different: BTreeSet<String> = first.values().map(|login| login.to_lowercase()).collect();
    assert_eq!(different.len(), count);
    assert!(
        different
            .iter()
            .all(|login| login.len() <= 20 && login.is_ascii())
    );
    let (_, accounts) = company.accounts().await;
    let places: BTreeSet<String> = accounts
        .iter()
        .map(|account| account.dn.to_string().to_lowercase())
        .collect();
    assert_eq!(places.len(), count);

    let second = company.plan().await;
    assert_eq!((second.state, second.summary.plan.changes), (RunState::Done, 0));

    // Even when everybody has to be looked at again, the names stay.
    company.edit("  title: jobTitle", "  title: \"{{ jobTitle }} (staff)\"");
    let third = company.plan().await;
    assert_eq!(third.counts.modifies, count as u64);
    let login = AttributeName::new("sAMAccountName");
    for change in company.changes(third.id).await {
        for operation in &change.operations {
            let Action::ModifyAttributes { changes } = &operation.action else {
                panic!("{}", operation.action.sentence());
            };
            assert!(changes.iter().all(|change| change.name != login), "{change}");
        }
    }
    assert_eq!(logins(&company).await, first);
}
