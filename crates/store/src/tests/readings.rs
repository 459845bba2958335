//! Accounts that are kept from one reading to the next.

use rstest::rstest;
use tenure_core::account::{Access, Account, AccountId};
use tenure_core::attribute::AttributeIndex;
use tenure_core::dn::Dn;
use tenure_core::watching::Cookie;

use super::{On, at};
use crate::Reading;

fn account(id: &str, access: Access, values: &[(u16, &str)]) -> Account {
    Account {
        id: AccountId::new(id),
        dn: Dn::from_server(&format!("CN={id},DC=test")),
        access,
        attributes: values
            .iter()
            .map(|(index, value)| (AttributeIndex(*index), (*value).to_owned()))
            .collect(),
    }
}

fn reading(cookie: &str, second: i64) -> Reading {
    Reading {
        asked: "names and so on".to_owned(),
        cookie: Cookie::new(cookie),
        whole_at: at(second),
    }
}

#[rstest]
#[tokio::test]
async fn a_reading_is_kept_with_what_changed_of_it(#[values(On::Sqlite, On::Postgres)] on: On) {
    let fresh = on.fresh().await;
    let store = &fresh.store;
    assert_eq!(store.reading("staff").await.unwrap(), None);
    let ada = account(
        "a",
        Access::Enabled,
        &[(0, "ada"), (3, "x\u{1f}y\u{1d}"), (3, "\u{1c}")],
    );
    let bob = account("b", Access::Disabled, &[]);
    let cyd = account("c", Access::Enabled, &[(1, "cyd\0")]);
    let first = reading("first\u{1e}", 1);
    store
        .keep_reading("staff", &first, &[&cyd, &ada, &bob], &[])
        .await
        .unwrap();
    store.keep_reading("others", &first, &[&cyd], &[]).await.unwrap();
    assert_eq!(store.reading("staff").await.unwrap(), Some(first));
    assert_eq!(
        store.kept_accounts("staff").await.unwrap(),
        [ada.clone(), bob.clone(), cyd.clone()]
    );

    let bob_now = account("b", Access::Enabled, &[(2, "bob")]);
    let dan = account("d", Access::Enabled, &[(0, "dan")]);
    let second = reading("second", 1);
    store
        .keep_reading(
            "staff",
            &second,
            &[&bob_now, &dan],
            &[ada.id.clone(), AccountId::new("nobody")],
        )
        .await
        .unwrap();
    assert_eq!(store.reading("staff").await.unwrap(), Some(second));
    assert_eq!(
        store.kept_accounts("staff").await.unwrap(),
        [bob_now, cyd.clone(), dan]
    );

    store.forget_reading("staff").await.unwrap();
    assert_eq!(store.reading("staff").await.unwrap(), None);
    assert!(store.kept_accounts("staff").await.unwrap().is_empty());
    assert_eq!(store.kept_accounts("others").await.unwrap(), [cyd]);
}

#[rstest]
#[tokio::test]
async fn more_accounts_than_a_page_are_kept(#[values(On::Sqlite, On::Postgres)] on: On) {
    let fresh = on.fresh().await;
    let accounts: Vec<Account> = (0..10_500)
        .map(|number| account(&format!("{number:05}"), Access::Enabled, &[(0, "x"), (1, "y")]))
        .collect();
    let all: Vec<&Account> = accounts.iter().collect();
    fresh
        .store
        .keep_reading("staff", &reading("c", 1), &all, &[])
        .await
        .unwrap();
    assert_eq!(fresh.store.kept_accounts("staff").await.unwrap(), accounts);
}
