//! Changes since a place in the directory's history: put onto what was read before, they are what is read now.

use std::collections::BTreeMap;

use tenure_connect::directory::ActiveDirectory;
use tenure_connect::ldap::{Credentials, LdapSettings};
use tenure_core::account::{Access, Account, AccountId};
use tenure_core::action::Action;
use tenure_core::dn::Dn;
use tenure_core::seams::{Completeness, Directory};
use tenure_core::secret::Secret;
use tenure_core::watching::{AccountChange, Changes, Cookie, Standing};
use tenure_lab::SambaDc;
use tenure_sim::active_directory::{Controller, Rights, ServiceAccount};

use crate::accounts::*;
use crate::simulated::{BASE, PEOPLE, directory, directory_with, domain, settings};

const NAMES: [&str; 5] = ["sAMAccountName", "mail", "title", "otherTelephone", "memberOf"];
const STAFF: &str = "CN=Staff,DC=corp,DC=test";

/// Accounts by their ids.
type Kept = BTreeMap<AccountId, Account>;

fn by_id(accounts: Vec<Account>) -> Kept {
    let with_id = |account: Account| (account.id.clone(), sorted(account));
    accounts.into_iter().map(with_id).collect()
}

/// The order of an attribute's values is the server's own affair.
fn sorted(account: Account) -> Account {
    let mut values: Vec<_> = account
        .attributes
        .iter()
        .map(|(index, value)| (index, value.to_owned()))
        .collect();
    values.sort();
    Account {
        attributes: values.into_iter().collect(),
        ..account
    }
}

/// Reads everything, and from where changes can be asked for.
async fn stand(directory: &ActiveDirectory) -> (Kept, Cookie) {
    let mut accounts = Vec::new();
    let (all, standing) = directory
        .read_and_stand(&dictionary(&NAMES), &mut accounts)
        .await
        .unwrap();
    assert!(matches!(all, Completeness::Complete { .. }), "{all:?}");
    match standing {
        Standing::At(cookie) => (by_id(accounts), cookie),
        Standing::Unknown { why } => panic!("{why}"),
    }
}

/// Asks for changes; how many were told, and whether they were all.
async fn ask(
    directory: &ActiveDirectory,
    kept: &mut Kept,
    since: &Cookie,
) -> Result<(usize, Cookie), String> {
    let mut changes = Vec::new();
    let ended = directory
        .changes(since, &dictionary(&NAMES), &mut changes)
        .await
        .unwrap();
    let count = changes.len();
    for change in changes {
        match change {
            AccountChange::Is(account) => {
                kept.insert(account.id.clone(), sorted(account));
            }
            AccountChange::Gone(id) => {
                kept.remove(&id);
            }
        }
    }
    match ended {
        Changes::All { next } => Ok((count, next)),
        Changes::ReadAgain { why } => Err(why),
    }
}

/// Asks for changes, after which what is kept is what a whole reading gives.
async fn follow(directory: &ActiveDirectory, kept: &mut Kept, since: &mut Cookie) -> usize {
    let (count, next) = ask(directory, kept, since).await.unwrap();
    *since = next;
    assert_eq!(*kept, by_id(read(directory, &NAMES).await));
    count
}

fn at(number: usize) -> String {
    format!("CN=user{number:06},{PEOPLE}")
}

/// Somebody who signs in with these rights only.
fn with_rights(controller: &Controller) -> LdapSettings {
    LdapSettings {
        credentials: Some(Credentials {
            name: "svc@corp.test".to_owned(),
            password: Secret::new("svc".to_owned()),
        }),
        ..settings(&[controller])
    }
}

fn service(rights: Rights) -> ServiceAccount {
    ServiceAccount {
        name: "svc@corp.test".to_owned(),
        password: "svc".to_owned(),
        rights,
    }
}

#[tokio::test]
async fn changes_in_many_pages_are_all_told_and_nothing_else_is_read() {
    let (domain, _folder) = domain(|options| options.changes_page = 100);
    domain.populate(PEOPLE, 2500);
    let controller = domain.controller().await.unwrap();
    let directory = directory(&[&controller]);
    let (mut kept, mut cookie) = stand(&directory).await;
    assert_eq!(kept.len(), 2500);
    for number in 0..450 {
        domain
            .set(&at(number * 5), "title", &format!("Title {number}"))
            .unwrap();
    }
    let before = controller.entries_sent();
    let (count, _) = ask(&directory, &mut kept.clone(), &cookie).await.unwrap();
    assert_eq!(count, 450);
    // Each told once, and looked at once; the two beside them say which controller it is.
    assert_eq!(controller.entries_sent() - before, 902);
    follow(&directory, &mut kept, &mut cookie).await;
    assert_eq!(follow(&directory, &mut kept, &mut cookie).await, 0);
}

#[tokio::test]
async fn whatever_happens_is_followed() {
    let (domain, _folder) = domain(|_| ());
    domain.populate(PEOPLE, 60);
    for unit in ["OU=Left,OU=People,DC=corp,DC=test", "OU=Outside,DC=corp,DC=test"] {
        domain.add_unit(unit).unwrap();
    }
    domain.add_group(STAFF).unwrap();
    let controller = domain.controller().await.unwrap();
    let directory = directory_with(settings(&[&controller]), PEOPLE);
    let (mut kept, mut cookie) = stand(&directory).await;

    domain.set(&at(1), "mail", "one@corp.test").unwrap();
    // An attribute that nobody asked for.
    domain.set(&at(2), "department", "Elsewhere").unwrap();
    assert_eq!(follow(&directory, &mut kept, &mut cookie).await, 1);

    domain.add_member(STAFF, &at(3)).unwrap();
    domain.add_member(STAFF, &at(4)).unwrap();
    assert_eq!(follow(&directory, &mut kept, &mut cookie).await, 2);
    domain.remove_member(STAFF, &at(3)).unwrap();
    assert_eq!(follow(&directory, &mut kept, &mut cookie).await, 1);

    // Made, renamed, moved within, moved out, moved in again, deleted.
    domain.populate(PEOPLE, 2);
    domain.rename(&at(5), &format!("CN=Five,{PEOPLE}")).unwrap();
    domain
        .rename(&at(6), "CN=user000006,OU=Left,OU=People,DC=corp,DC=test")
        .unwrap();
    domain
        .rename(&at(7), "CN=user000007,OU=Outside,DC=corp,DC=test")
        .unwrap();
    domain.delete(&at(8)).unwrap();
    assert_eq!(follow(&directory, &mut kept, &mut cookie).await, 6);
    assert_eq!(kept.len(), 60);
    domain
        .rename("CN=user000007,OU=Outside,DC=corp,DC=test", &at(7))
        .unwrap();
    assert_eq!(follow(&directory, &mut kept, &mut cookie).await, 1);

    // The name of a group is a value of its members.
    domain.rename(STAFF, "CN=Everybody,DC=corp,DC=test").unwrap();
    assert_eq!(follow(&directory, &mut kept, &mut cookie).await, 1);
    // A new container is nobody's.
    domain.add_unit("OU=New,OU=People,DC=corp,DC=test").unwrap();
    assert_eq!(follow(&directory, &mut kept, &mut cookie).await, 0);

    // What Tenure writes is told like anything else.
    let account = kept.values().next().unwrap().clone();
    let account = tenure_core::seams::AccountRef {
        id: account.id,
        dn: account.dn,
    };
    done(&directory, on(&account, Action::Disable)).await;
    assert_eq!(follow(&directory, &mut kept, &mut cookie).await, 1);
    assert_eq!(kept[&account.id].access, Access::Disabled);
}

#[tokio::test]
async fn what_cannot_be_followed_is_read_again() {
    let (domain, _folder) = domain(|_| ());
    domain.populate(PEOPLE, 10);
    domain.add_unit("OU=Old,OU=People,DC=corp,DC=test").unwrap();
    domain.add_group(STAFF).unwrap();
    let (first, second) = (
        domain.controller().await.unwrap(),
        domain.controller().await.unwrap(),
    );
    let of_first = directory(&[&first]);
    let (kept, cookie) = stand(&of_first).await;
    let why = async |directory: &ActiveDirectory, cookie: &Cookie| {
        ask(directory, &mut kept.clone(), cookie)
            .await
            .unwrap_err()
            .replace(&second.url(), "DC2")
    };
    insta::assert_snapshot!(why(&directory(&[&second]), &cookie).await, @"DC2 is another domain controller than the one read before, or was restored");
    insta::assert_snapshot!(why(&of_first, &Cookie::new("1234")).await, @"what was kept of the last reading cannot be read");
    domain
        .rename(
            "OU=Old,OU=People,DC=corp,DC=test",
            "OU=New,OU=People,DC=corp,DC=test",
        )
        .unwrap();
    insta::assert_snapshot!(why(&of_first, &cookie).await, @"`OU=New,OU=People,DC=corp,DC=test` may have been renamed or moved, and with it everything in it");
    let (_, cookie) = stand(&of_first).await;
    domain.delete(STAFF).unwrap();
    insta::assert_snapshot!(why(&of_first, &cookie).await, @"a group was deleted, and who was in it is not told");
}

#[tokio::test]
async fn without_the_right_to_replicate_numbers_of_changes_are_followed() {
    let (domain, _folder) = domain(|options| options.accounts.push(service(Rights::SeesDeleted)));
    domain.populate(PEOPLE, 1200);
    domain.add_group(STAFF).unwrap();
    domain.add_unit("OU=Outside,DC=corp,DC=test").unwrap();
    let controller = domain.controller().await.unwrap();
    let directory = directory_with(with_rights(&controller), PEOPLE);
    let (mut kept, mut cookie) = stand(&directory).await;
    assert!(cookie.as_str().contains("number"), "{cookie:?}");
    domain.set(&at(1), "title", "Clerk 1").unwrap();
    domain.delete(&at(2)).unwrap();
    domain
        .rename(&at(3), "CN=user000003,OU=Outside,DC=corp,DC=test")
        .unwrap();
    domain.populate(PEOPLE, 1);
    let before = controller.entries_sent();
    assert_eq!(ask(&directory, &mut kept.clone(), &cookie).await.unwrap().0, 4);
    assert!(controller.entries_sent() - before < 12);
    follow(&directory, &mut kept, &mut cookie).await;
    // Who left a group is not told this way.
    domain.add_member(STAFF, &at(4)).unwrap();
    let why = ask(&directory, &mut kept, &cookie).await.unwrap_err();
    insta::assert_snapshot!(why, @"the group `CN=Staff,DC=corp,DC=test` changed, and who left it is told to those only who may replicate changes");
}

#[tokio::test]
async fn whoever_sees_no_deleted_objects_is_told_that_changes_cannot_be_followed() {
    let (domain, _folder) = domain(|options| options.accounts.push(service(Rights::Plain)));
    domain.populate(PEOPLE, 5);
    let controller = domain.controller().await.unwrap();
    let directory = directory_with(with_rights(&controller), BASE);
    let mut accounts = Vec::new();
    let (all, standing) = directory
        .read_and_stand(&dictionary(&NAMES), &mut accounts)
        .await
        .unwrap();
    assert_eq!(all, Completeness::Complete { count: 5 });
    let Standing::Unknown { why } = standing else {
        panic!("{standing:?}")
    };
    insta::assert_snapshot!(why, @"the account that Tenure signs in with may neither replicate directory changes nor see deleted objects; give it the right `Replicating Directory Changes` on the domain");
}

#[tokio::test]
async fn samba_tells_its_changes() {
    let dc = SambaDc::start().unwrap();
    dc.ldapadd(
        "dn: OU=People,DC=lab,DC=test\nobjectClass: organizationalUnit\n\n\
         dn: OU=Left,DC=lab,DC=test\nobjectClass: organizationalUnit\n\n\
         dn: CN=Staff,OU=Left,DC=lab,DC=test\nobjectClass: group\nsAMAccountName: Staff\n\n",
    )
    .unwrap();
    let people = (0..40).map(|number| {
        format!("dn: CN=u{number},OU=People,DC=lab,DC=test\nobjectClass: user\nsAMAccountName: u{number}")
    });
    dc.ldapadd(&people.collect::<Vec<_>>().join("\n\n")).unwrap();
    let directory = directory_with(samba_ldap(&dc), "OU=People,DC=lab,DC=test");
    let (mut kept, mut cookie) = stand(&directory).await;
    assert_eq!(kept.len(), 40);
    assert!(cookie.as_str().contains("cookie"), "{cookie:?}");
    assert_eq!(follow(&directory, &mut kept, &mut cookie).await, 0);

    let modify = |text: &str| dc.ldapmodify(text).unwrap();
    modify("dn: CN=u1,OU=People,DC=lab,DC=test\nchangetype: modify\nreplace: title\ntitle: Clerk\n\n");
    modify("dn: CN=u2,OU=People,DC=lab,DC=test\nchangetype: delete\n\n");
    modify("dn: CN=u3,OU=People,DC=lab,DC=test\nchangetype: modrdn\nnewrdn: CN=Three\ndeleteoldrdn: 1\n\n");
    modify(
        "dn: CN=u4,OU=People,DC=lab,DC=test\nchangetype: modrdn\nnewrdn: CN=u4\ndeleteoldrdn: 1\nnewsuperior: OU=Left,DC=lab,DC=test\n\n",
    );
    modify(
        "dn: CN=Staff,OU=Left,DC=lab,DC=test\nchangetype: modify\nadd: member\nmember: CN=u5,OU=People,DC=lab,DC=test\n\n",
    );
    let made = done(
        &directory,
        create(
            "CN=new,OU=People,DC=lab,DC=test",
            &[("sAMAccountName", "new")],
            Some("Winter#2026-x"),
            Access::Enabled,
        ),
    )
    .await;
    assert_eq!(follow(&directory, &mut kept, &mut cookie).await, 6);
    assert!(kept.contains_key(&made.id));
    modify(
        "dn: CN=Staff,OU=Left,DC=lab,DC=test\nchangetype: modify\ndelete: member\nmember: CN=u5,OU=People,DC=lab,DC=test\n\n",
    );
    done(&directory, on(&made, Action::Disable)).await;
    assert_eq!(follow(&directory, &mut kept, &mut cookie).await, 2);
    let gone = kept[&made.id].dn.clone();
    assert_eq!(gone, Dn::from_server("CN=new,OU=People,DC=lab,DC=test"));

    modify("dn: OU=Left,DC=lab,DC=test\nchangetype: modrdn\nnewrdn: OU=Gone\ndeleteoldrdn: 1\n\n");
    let why = ask(&directory, &mut kept, &cookie).await.unwrap_err();
    assert!(why.contains("may have been renamed"), "{why}");
}

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % most
    }
}

#[tokio::test]
async fn a_long_story_is_followed_however_it_goes() {
    let rights = [Rights::All, Rights::SeesDeleted];
    for (rights, seed) in rights.into_iter().zip([7, 11]) {
        let (domain, _folder) = domain(|options| {
            options.changes_page = 7;
            options.accounts.push(service(rights));
        });
        domain.populate(PEOPLE, 40);
        let (inside, outside) = ("OU=In,OU=People,DC=corp,DC=test", "OU=Out,DC=corp,DC=test");
        for unit in [inside, outside] {
            domain.add_unit(unit).unwrap();
        }
        let mut groups = [STAFF.to_owned(), "CN=Works,DC=corp,DC=test".to_owned()];
        for group in &groups {
            domain.add_group(group).unwrap();
        }
        let mut users: Vec<String> = (0..40).map(at).collect();
        let controller = domain.controller().await.unwrap();
        let directory = directory_with(with_rights(&controller), PEOPLE);
        let (mut kept, mut cookie) = stand(&directory).await;
        let mut dice = Dice(seed);
        let mut followed = 0;
        for step in 0..120 {
            for _ in 0..dice.below(6) {
                let who = dice.below(users.len());
                let (user, group) = (users[who].clone(), dice.below(2));
                let container = [PEOPLE, inside, outside][dice.below(3)];
                // What is refused has not happened, which is as good.
                match dice.below(9) {
                    0 => drop(domain.set(&user, "title", &format!("Title {step}"))),
                    1 => drop(domain.set(&user, "userAccountControl", ["512", "514"][group])),
                    2 => drop(domain.add_member(&groups[group], &user)),
                    3 => drop(domain.remove_member(&groups[group], &user)),
                    4 | 5 => {
                        let to = format!("CN=p{step}-{who},{container}");
                        if domain.rename(&user, &to).is_ok() {
                            users[who] = to;
                        }
                    }
                    6 => drop(domain.delete(&user)),
                    7 => domain.populate(container, 1),
                    _ => {
                        let to = format!("CN=Group {step},DC=corp,DC=test");
                        if domain.rename(&groups[group], &to).is_ok() {
                            groups[group] = to;
                        }
                    }
                }
            }
            let mut told = kept.clone();
            if let Ok((_, next)) = ask(&directory, &mut told, &cookie).await {
                (kept, cookie) = (told, next);
                followed += 1;
            } else {
                (kept, cookie) = stand(&directory).await;
            }
            assert_eq!(kept, by_id(read(&directory, &NAMES).await), "step {step}");
        }
        // With the right to replicate nothing of this needs more than changes.
        match rights {
            Rights::All => assert_eq!(followed, 120),
            _ => assert!((20..120).contains(&followed), "{followed}"),
        }
    }
}
