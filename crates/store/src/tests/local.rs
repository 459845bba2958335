use std::sync::Arc;

use rstest::rstest;
use tenure_core::account::{Access, Account, AccountId};
use tenure_core::action::{Action, ActionKind, Below};
use tenure_core::attribute::Dictionary;
use tenure_core::outcome::Outcome;
use tenure_core::seams::{AccountRef, Applied, Attempt, Completeness, Directory as _, Write};

use super::{Fresh, On, create, dn, modify};
use crate::LocalDirectory;

const FIRST: Attempt = Attempt::First;

fn directory(fresh: &Fresh) -> LocalDirectory {
    LocalDirectory::new(fresh.store.clone(), "demo", dn("DC=test"))
}

fn write(target: Option<&AccountRef>, action: Action, attempt: Attempt) -> Write {
    Write {
        target: target.cloned(),
        action,
        password: None,
        attempt,
    }
}

async fn apply(directory: &LocalDirectory, target: &AccountRef, action: Action, attempt: Attempt) -> Applied {
    directory
        .apply(vec![write(Some(target), action, attempt)])
        .await
        .remove(0)
}

async fn created(directory: &LocalDirectory, name: &str, values: &[(&str, &str)]) -> AccountRef {
    let applied = directory
        .apply(vec![write(None, create(name, values), FIRST)])
        .await
        .remove(0);
    assert_eq!(applied.outcome, Outcome::Verified);
    applied.account.unwrap()
}

/// All accounts by name, each as `name access attribute=value …`.
async fn shown(directory: &LocalDirectory) -> Vec<String> {
    let dictionary = Arc::new(Dictionary::new(["mail".into(), "sn".into(), "memberOf".into()]));
    let mut accounts: Vec<Account> = Vec::new();
    let complete = directory.read(&dictionary, &mut accounts).await.unwrap();
    assert_eq!(
        complete,
        Completeness::Complete {
            count: accounts.len() as u64
        }
    );
    let mut lines: Vec<String> = accounts
        .iter()
        .map(|account| {
            let values = account
                .attributes
                .iter()
                .map(|(index, value)| format!(" {}={value}", dictionary.name(index).unwrap()));
            format!(
                "{} {:?}{}",
                account.dn.rdn_value(),
                account.access,
                values.collect::<String>()
            )
        })
        .collect();
    lines.sort();
    lines
}

fn refused(applied: &Applied, code: &str, text: &str) {
    match &applied.outcome {
        Outcome::Refused(refusal) => {
            assert!(
                refusal.code.starts_with(code) && refusal.message.contains(text),
                "{refusal:?}"
            );
            assert!(!refusal.hint.is_empty());
        }
        other => panic!("{other:?}"),
    }
}

#[rstest]
#[tokio::test]
async fn an_account_lives_through_every_action(#[values(On::Sqlite, On::Postgres)] on: On) {
    let fresh = on.fresh().await;
    let directory = directory(&fresh);
    // What comes after deletion has no place here.
    assert_eq!(
        directory.capabilities().actions,
        ActionKind::OF_DIRECTORIES
            .into_iter()
            .take_while(|kind| *kind != ActionKind::Restore)
            .collect()
    );
    let mut ada = created(
        &directory,
        "Ada\\, B",
        &[("Mail", "ada@test"), ("sn", "By\u{1f}rne"), ("title", "")],
    )
    .await;
    let staff = || dn("CN=Staff,OU=Groups,DC=test");
    for action in [
        modify("MAIL", &["ada@test"], &["ada@new.test"]),
        Action::AddToGroups { group: staff() },
        Action::AddToGroups {
            group: dn("cn=staff, ou=groups, dc=test"),
        },
        Action::AddToGroups {
            group: dn("CN=Other,DC=test"),
        },
        Action::RemoveFromGroups {
            group: dn("CN=other,DC=test"),
        },
        Action::RemoveFromGroups {
            group: dn("CN=Unheard of,DC=test"),
        },
        Action::Disable,
        Action::Move {
            from: ada.dn.clone(),
            to: dn("CN=Ada,OU=Left,DC=test"),
        },
    ] {
        let applied = apply(&directory, &ada, action, FIRST).await;
        assert_eq!(applied.outcome, Outcome::Verified);
        assert_eq!(applied.account.as_ref().unwrap().id, ada.id);
        ada = applied.account.unwrap();
    }
    assert_eq!(ada.dn, dn("CN=Ada,OU=Left,DC=test"));
    assert_eq!(
        shown(&directory).await,
        ["Ada Disabled mail=ada@new.test sn=By\u{1f}rne memberOf=CN=Staff,OU=Groups,DC=test"]
    );
    apply(&directory, &ada, Action::Enable, FIRST).await;
    assert!(shown(&directory).await[0].starts_with("Ada Enabled"));
    // Another directory in the same database is another world.
    let other = LocalDirectory::new(fresh.store.clone(), "other", dn("DC=test"));
    assert!(shown(&other).await.is_empty());

    let delete = || Action::Delete {
        dn: ada.dn.clone(),
        stored: vec![],
        below: Below::default(),
    };
    let gone = Applied {
        outcome: Outcome::Verified,
        account: None,
    };
    assert_eq!(apply(&directory, &ada, delete(), FIRST).await, gone);
    assert_eq!(apply(&directory, &ada, delete(), Attempt::Again).await, gone);
    refused(
        &apply(&directory, &ada, delete(), FIRST).await,
        "32",
        ada.id.as_str(),
    );
    assert!(shown(&directory).await.is_empty());
    // Its names are free again.
    let next = created(&directory, "Ada", &[("mail", "ADA@new.test")]).await;
    assert_ne!(next.id, ada.id);
    assert_eq!(
        shown(&directory).await,
        ["Ada Enabled mail=ADA@new.test"],
        "and is in no group"
    );
}

#[rstest]
#[tokio::test]
async fn what_is_unique_is_refused_without_harm_to_the_others(#[values(On::Sqlite, On::Postgres)] on: On) {
    let fresh = on.fresh().await;
    let directory = directory(&fresh);
    let ada = created(
        &directory,
        "Ada",
        &[("sAMAccountName", "ada"), ("mail", "ada@test")],
    )
    .await;
    let outside = Action::CreateAccount {
        dn: dn("CN=X,DC=elsewhere"),
        attributes: vec![],
        password: None,
        access: Access::Enabled,
    };
    let base_itself = Action::Move {
        from: ada.dn.clone(),
        to: dn("DC=test"),
    };
    let applied = directory
        .apply(vec![
            write(None, create("Ada 2", &[("samaccountname", "ADA")]), FIRST),
            write(None, create("Bob", &[("uid", "bob"), ("sn", "ada")]), FIRST),
            write(None, create("ADA", &[]), FIRST),
            write(None, create("Bob 2", &[("uid", "Bob")]), FIRST),
            write(None, outside, FIRST),
            write(Some(&ada), base_itself, FIRST),
            write(Some(&ada), modify("memberOf", &[], &["CN=Staff,DC=test"]), FIRST),
            write(None, Action::Enable, FIRST),
            write(None, create("Cyd", &[("uid", "cyd")]), FIRST),
        ])
        .await;
    refused(
        &applied[0],
        "19",
        "sAMAccountName `ADA` is taken by CN=Ada,OU=People,DC=test",
    );
    assert_eq!(applied[1].outcome, Outcome::Verified);
    refused(&applied[2], "68", "CN=Ada,OU=People,DC=test");
    refused(&applied[3], "19", "uid `Bob` is taken by CN=Bob");
    refused(&applied[4], "32", "is not below DC=test");
    refused(&applied[5], "32", "is not below DC=test");
    refused(&applied[6], "53", "memberOf");
    refused(&applied[7], "32", "names no account");
    assert_eq!(applied[8].outcome, Outcome::Verified);
    assert_eq!(shown(&directory).await.len(), 3);

    let bob = applied[1].account.clone().unwrap();
    let onto = Action::Move {
        from: bob.dn.clone(),
        to: ada.dn.clone(),
    };
    refused(&apply(&directory, &bob, onto, FIRST).await, "68", "CN=Ada");
    refused(
        &apply(&directory, &bob, modify("mail", &[], &["Ada@Test"]), FIRST).await,
        "19",
        "mail `Ada@Test`",
    );
    // Its own value in another case is its own.
    let same = modify("mail", &["ada@test"], &["Ada@Test"]);
    assert_eq!(
        apply(&directory, &ada, same, FIRST).await.outcome,
        Outcome::Verified
    );
    let mut taken = directory
        .taken(&["mail".into(), "sAMAccountName".into(), "sn".into()])
        .await
        .unwrap();
    taken.sort();
    let taken: Vec<_> = taken
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    assert_eq!(taken, ["mail=Ada@Test", "sAMAccountName=ada", "sn=ada"]);
}

#[rstest]
#[tokio::test]
async fn names_can_change_hands_within_one_batch(#[values(On::Sqlite, On::Postgres)] on: On) {
    let fresh = on.fresh().await;
    let directory = directory(&fresh);
    let ada = created(&directory, "Ada", &[("mail", "a@test")]).await;
    let bob = created(&directory, "Bob", &[("mail", "b@test")]).await;
    let to = |name: &str| dn(&format!("CN={name},OU=People,DC=test"));
    let applied = directory
        .apply(vec![
            write(
                Some(&ada),
                Action::Move {
                    from: to("Ada"),
                    to: to("Ada Old"),
                },
                FIRST,
            ),
            write(
                Some(&bob),
                Action::Move {
                    from: to("Bob"),
                    to: to("Ada"),
                },
                FIRST,
            ),
            write(Some(&ada), modify("mail", &["a@test"], &[]), FIRST),
            write(Some(&bob), modify("mail", &["b@test"], &["a@test"]), FIRST),
        ])
        .await;
    assert!(
        applied.iter().all(|applied| applied.outcome == Outcome::Verified),
        "{applied:?}"
    );
    assert_eq!(
        shown(&directory).await,
        ["Ada Enabled mail=a@test", "Ada Old Enabled"]
    );
}

#[rstest]
#[tokio::test]
async fn what_moved_on_is_left_alone(#[values(On::Sqlite, On::Postgres)] on: On) {
    let fresh = on.fresh().await;
    let directory = directory(&fresh);
    let ada = created(&directory, "Ada", &[("sn", "Byrne"), ("mail", "ada@test")]).await;
    let overtaken = |applied: Applied, text: &str| match applied.outcome {
        Outcome::Overtaken { found } => assert_eq!(found, text),
        other => panic!("{other:?}"),
    };
    let stale = modify("sn", &["King"], &["Lovelace"]);
    overtaken(
        apply(&directory, &ada, stale, FIRST).await,
        "sn is `Byrne`, and was `King` when the plan was made",
    );
    let done_by_another = modify("sn", &["King"], &["Byrne"]);
    overtaken(
        apply(&directory, &ada, done_by_another.clone(), FIRST).await,
        "sn is `Byrne`, and was `King` when the plan was made",
    );
    // After a crash the same is what was wanted.
    assert_eq!(
        apply(&directory, &ada, done_by_another, Attempt::Again)
            .await
            .outcome,
        Outcome::Verified
    );
    overtaken(
        apply(&directory, &ada, modify("title", &["Countess"], &[]), FIRST).await,
        "title is without a value, and was `Countess` when the plan was made",
    );
    let elsewhere = || Action::Move {
        from: dn("CN=Ada,OU=Old,DC=test"),
        to: ada.dn.clone(),
    };
    overtaken(
        apply(&directory, &ada, elsewhere(), FIRST).await,
        "the account is at CN=Ada,OU=People,DC=test, and was at CN=Ada,OU=Old,DC=test when the plan was made",
    );
    assert_eq!(
        apply(&directory, &ada, elsewhere(), Attempt::Again).await.outcome,
        Outcome::Verified
    );
    assert_eq!(shown(&directory).await, ["Ada Enabled mail=ada@test sn=Byrne"]);

    let again = write(None, create("Ada", &[("mail", "ada@test")]), Attempt::Again);
    let applied = directory.apply(vec![again]).await.remove(0);
    assert_eq!(
        applied,
        Applied {
            outcome: Outcome::Verified,
            account: Some(ada)
        }
    );
    let differs = write(None, create("Ada", &[("mail", "b@test")]), Attempt::Again);
    refused(&directory.apply(vec![differs]).await[0], "68", "CN=Ada");
    let nobody = AccountRef {
        id: AccountId::new("nobody\0"),
        dn: dn("CN=N,DC=test"),
    };
    refused(
        &apply(&directory, &nobody, Action::Disable, FIRST).await,
        "32",
        "nobody",
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn writers_at_the_same_time_do_not_cross(#[values(On::Sqlite, On::Postgres)] on: On) {
    let fresh = on.fresh().await;
    let directory = directory(&fresh);
    let writers: Vec<_> = (0..8)
        .map(|n| {
            let directory = directory.clone();
            let same = create(&format!("Ada {n}"), &[("uid", "ada")]);
            tokio::spawn(async move { directory.apply(vec![write(None, same, FIRST)]).await.remove(0) })
        })
        .collect();
    let mut verified = 0;
    for writer in writers {
        let applied = writer.await.unwrap();
        if applied.outcome == Outcome::Verified {
            verified += 1;
        } else {
            refused(&applied, "19", "uid `ada` is taken by CN=Ada");
        }
    }
    assert_eq!(verified, 1);
}
