//! What Active Directory has beside attributes and groups: what is left alone, passwords, lockouts, pictures, and
//! accounts that come back after they were deleted. Everything is read again with the tools of others.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tenure_connect::directory::{ActiveDirectory, Exclusions};
use tenure_connect::ldap::Filter;
use tenure_core::account::Access;
use tenure_core::action::{Action, Below};
use tenure_core::directory_action::DirectoryAction;
use tenure_core::dn::Dn;
use tenure_core::outcome::Outcome;
use tenure_core::password::PasswordRule;
use tenure_core::photo::{Photo, PhotoDigest};
use tenure_core::seams::{AccountRef, Directory, Write};
use tenure_core::secret::Secret;
use tenure_lab::SambaDc;

use crate::accounts::*;

const GOOD: &str = "Winter#2026-x";
const OTHER: &str = "Summer#2027-y";
const STAFF: &str = "CN=Staff,OU=Groups,DC=lab,DC=test";

fn start() -> SambaDc {
    let dc = SambaDc::start().unwrap();
    let unit = |name: &str| format!("dn: OU={name},DC=lab,DC=test\nobjectClass: organizationalUnit\n\n");
    let group = |name: &str| {
        format!("dn: CN={name},OU=Groups,DC=lab,DC=test\nobjectClass: group\nsAMAccountName: {name}\n\n")
    };
    let units = ["People", "Secret", "Groups"].map(unit).concat();
    let groups = ["Staff", "Hands Off", "Inner"].map(group).concat();
    dc.ldapadd(&format!("{units}{groups}")).unwrap();
    dc
}

fn user(login: &str, unit: &str) -> Write {
    let upn = format!("{login}@lab.test");
    let attributes = [
        ("sAMAccountName", login),
        ("userPrincipalName", &upn),
        ("displayName", login),
    ];
    let dn = format!("CN={login},OU={unit},DC=lab,DC=test");
    create(&dn, &attributes, Some(GOOD), Access::Enabled)
}

fn shown(dc: &SambaDc, account: &AccountRef, attributes: &[&str]) -> String {
    let mut arguments = vec!["-b", account.dn.as_str(), "-s", "base", "(objectClass=*)"];
    arguments.extend(attributes);
    dc.ldapsearch(&arguments).unwrap()
}

fn member(dc: &SambaDc, group: &str, member: &str) {
    let ldif = format!("dn: {group}\nchangetype: modify\nadd: member\nmember: {member}\n");
    dc.ldapmodify(&ldif).unwrap();
}

fn reset(account: &AccountRef, password: &str, must_change: bool) -> Write {
    let rule = PasswordRule {
        must_change,
        ..PasswordRule::default()
    };
    Write {
        password: Some(Secret::new(password.to_owned())),
        ..on(
            account,
            Action::Directory(DirectoryAction::ResetPassword { rule }),
        )
    }
}

fn restore(account: &AccountRef, stored: Option<tenure_core::seams::StoredObject>) -> Write {
    let stored = stored.map(Box::new);
    on(account, Action::Directory(DirectoryAction::Restore { stored }))
}

/// Every action on an account, none of which may be carried out.
fn every_action(account: &AccountRef) -> Vec<Write> {
    let photo = Photo::from_base64("/9j/4AAQ").unwrap();
    let elsewhere = format!("{},OU=People,DC=lab,DC=test", account.dn.rdn());
    let group = || Dn::from_server(STAFF);
    let directory = |action| on(account, Action::Directory(action));
    vec![
        on(account, change("title", &[], &["Pwned"])),
        on(account, move_to(account, &elsewhere)),
        on(account, Action::AddToGroups { group: group() }),
        on(account, Action::RemoveFromGroups { group: group() }),
        on(account, Action::Enable),
        on(account, Action::Disable),
        reset(account, OTHER, false),
        directory(DirectoryAction::Unlock),
        directory(DirectoryAction::SetPhoto { photo, before: None }),
        directory(DirectoryAction::RemovePhoto {
            before: Some(PhotoDigest::of(b"")),
        }),
        on(account, delete(account)),
        on(
            account,
            Action::Delete {
                dn: account.dn.clone(),
                stored: Vec::new(),
                below: Below::Deleted,
            },
        ),
    ]
}

#[tokio::test]
async fn what_is_outside_the_scope_survives_every_action() {
    let dc = start();
    let plain = samba(&dc);
    let mut made = Vec::new();
    for (login, unit) in [
        ("hidden", "Secret"),
        ("nested", "People"),
        ("service", "People"),
        ("boss", "People"),
        ("free", "People"),
    ] {
        made.push(done(&plain, user(login, unit)).await);
    }
    let [hidden, nested, service, boss, free] = made.try_into().unwrap();
    member(&dc, "CN=Inner,OU=Groups,DC=lab,DC=test", nested.dn.as_str());
    member(
        &dc,
        "CN=Hands Off,OU=Groups,DC=lab,DC=test",
        "CN=Inner,OU=Groups,DC=lab,DC=test",
    );
    done(&plain, on(&service, change("employeeType", &[], &["service"]))).await;
    // Before the domain has noticed and set `adminCount`.
    member(&dc, "CN=Domain Admins,CN=Users,DC=lab,DC=test", boss.dn.as_str());
    assert!(!shown(&dc, &boss, &["adminCount"]).contains("adminCount"));

    let scoped = samba(&dc).excluding(Exclusions {
        containers: vec![Dn::from_server("OU=Secret,DC=lab,DC=test")],
        groups: vec![Dn::from_server("CN=Hands Off,OU=Groups,DC=lab,DC=test")],
        filters: vec![Filter::parse("(employeeType=service)").unwrap()],
    });
    let administrator = {
        let accounts = read(&plain, &["sAMAccountName"]).await;
        let found = accounts
            .iter()
            .find(|one| one.dn.as_str() == dc.admin_dn())
            .unwrap();
        AccountRef {
            id: found.id.clone(),
            dn: found.dn.clone(),
        }
    };
    let protected = scoped.protected().await.unwrap();
    let why = |account: &AccountRef| {
        let found = protected.iter().find(|one| one.id == account.id);
        found.map(|one| one.why.as_str())
    };
    assert_eq!(
        why(&hidden),
        Some("the directory's `scope` excludes `OU=Secret,DC=lab,DC=test`")
    );
    assert_eq!(
        why(&nested),
        Some(
            "it is a member of `CN=Hands Off,OU=Groups,DC=lab,DC=test`, which the directory's `scope` excludes"
        )
    );
    assert_eq!(
        why(&service),
        Some("a filter of the directory's `scope` excludes it")
    );
    // Domain Admins are in Administrators, and either will do.
    assert!(why(&boss).is_some_and(|why| why.ends_with("which has an administrator's rights")));
    assert_eq!(why(&administrator), Some("the domain itself needs it"));
    assert_eq!(why(&free), None);

    for account in [&hidden, &nested, &service, &boss, &administrator] {
        let before = shown(&dc, account, &["*"]);
        for write in every_action(account) {
            let applied = apply_one(&scoped, write.clone()).await;
            refused(&applied);
            let applied = apply_one(&scoped, again(&write)).await;
            refused(&applied);
        }
        assert_eq!(shown(&dc, account, &["*"]), before);
        if account != &administrator {
            assert!(
                dc.bind_works(&format!("{}@lab.test", account.dn.rdn_value()), GOOD)
                    .unwrap()
            );
        }
    }

    // Nobody comes in by the back door either.
    let into = "OU=Secret,DC=lab,DC=test";
    let writes = [
        user("newcomer", "Secret"),
        on(&free, move_to(&free, &format!("CN=free,{into}"))),
        on(
            &free,
            Action::AddToGroups {
                group: Dn::from_server("CN=Domain Admins,CN=Users,DC=lab,DC=test"),
            },
        ),
        on(
            &free,
            Action::AddToGroups {
                group: Dn::from_server("CN=Hands Off,OU=Groups,DC=lab,DC=test"),
            },
        ),
    ];
    for write in writes {
        let said = refused(&apply_one(&scoped, write).await);
        assert!(said.starts_with("this is left alone: "), "{said}");
    }
    assert!(!shown(&dc, &free, &["memberOf"]).contains("memberOf"));
    done(&scoped, on(&free, change("title", &[], &["Dr"]))).await;
}

#[tokio::test]
async fn a_password_is_reset_and_seen_to_be() {
    let dc = start();
    let directory = samba(&dc);
    let ada = done(&directory, user("ada", "People")).await;
    done(&directory, reset(&ada, OTHER, false)).await;
    // The one before goes on for an hour, as in Windows for sign-ins over the network by NTLM.
    assert!(dc.bind_works("ada@lab.test", OTHER).unwrap());
    // A second try after a crash gives the same password once more.
    done(&directory, again(&reset(&ada, OTHER, false))).await;
    assert!(dc.bind_works("ada@lab.test", OTHER).unwrap());

    done(&directory, reset(&ada, GOOD, true)).await;
    assert!(shown(&dc, &ada, &["pwdLastSet"]).contains("pwdLastSet: 0"));
    assert!(
        !dc.bind_works("ada@lab.test", GOOD).unwrap(),
        "it must be changed first"
    );

    let applied = apply_one(&directory, reset(&ada, "short", false)).await;
    assert_eq!(
        refused(&applied),
        "the password does not meet the domain's policy (19 0000052D)"
    );
}

#[tokio::test]
async fn a_lockout_ends() {
    let dc = start();
    dc.ldapmodify("dn: DC=lab,DC=test\nchangetype: modify\nreplace: lockoutThreshold\nlockoutThreshold: 3\n")
        .unwrap();
    let directory = samba(&dc);
    let ada = done(&directory, user("ada", "People")).await;
    let unlock = || on(&ada, Action::Directory(DirectoryAction::Unlock));
    // Nothing is to do.
    done(&directory, unlock()).await;
    for _ in 0..3 {
        assert!(!dc.bind_works("ada@lab.test", "wrong").unwrap());
    }
    assert!(!dc.bind_works("ada@lab.test", GOOD).unwrap(), "locked");
    done(&directory, unlock()).await;
    assert!(shown(&dc, &ada, &["lockoutTime"]).contains("lockoutTime: 0"));
    assert!(dc.bind_works("ada@lab.test", GOOD).unwrap());
}

#[tokio::test]
async fn a_photo_is_written_to_the_byte_and_told_by_its_digest() {
    let dc = start();
    let directory = samba(&dc);
    let ada = done(&directory, user("ada", "People")).await;
    let photo = |seed: u8| {
        let mut bytes = vec![0xff, 0xd8, 0xff, 0xe0, seed];
        bytes.extend((0..90_000u32).map(|at| at.to_le_bytes()[0].wrapping_mul(seed)));
        Photo::from_base64(&STANDARD.encode(bytes)).unwrap()
    };
    let set = |photo: Photo, before: Option<PhotoDigest>| {
        on(
            &ada,
            Action::Directory(DirectoryAction::SetPhoto { photo, before }),
        )
    };
    let (one, two) = (photo(3), photo(7));
    done(&directory, set(one.clone(), None)).await;
    let found = shown(&dc, &ada, &["thumbnailPhoto"]);
    assert!(
        found.contains(&format!("thumbnailPhoto:: {}", one.as_base64())),
        "{}",
        &found[..200]
    );
    let accounts = read(&directory, &["thumbnailPhoto"]).await;
    let account = accounts.iter().find(|account| account.id == ada.id).unwrap();
    let digest = account
        .attributes
        .first(tenure_core::attribute::AttributeIndex(0));
    assert_eq!(digest, Some(one.digest().as_str()));
    // What is there is not written again; somebody else's is left alone.
    done(&directory, set(one.clone(), None)).await;
    let applied = apply_one(&directory, set(two.clone(), None)).await;
    let found = "there is another photo".to_owned();
    assert_eq!(applied.outcome, Outcome::Overtaken { found });
    done(&directory, set(two.clone(), Some(one.digest()))).await;
    let remove = |before: PhotoDigest| {
        let before = Some(before);
        on(&ada, Action::Directory(DirectoryAction::RemovePhoto { before }))
    };
    let applied = apply_one(&directory, remove(one.digest())).await;
    assert!(
        matches!(applied.outcome, Outcome::Overtaken { .. }),
        "{applied:?}"
    );
    for _ in 0..2 {
        done(&directory, remove(two.digest())).await;
        assert!(!shown(&dc, &ada, &["thumbnailPhoto"]).contains("thumbnailPhoto:"));
    }
    let bytes = [&[0xff, 0xd8, 0xff, 0xe0][..], &vec![1; 110_000]].concat();
    let large = Photo::from_base64(&STANDARD.encode(bytes)).unwrap();
    let said = refused(&apply_one(&directory, set(large, None)).await);
    assert!(
        said.contains("too long") && said.contains("thumbnailPhoto"),
        "{said}"
    );
}

async fn gone(directory: &ActiveDirectory, account: &AccountRef, below: Below) -> Outcome {
    let action = Action::Delete {
        dn: account.dn.clone(),
        stored: Vec::new(),
        below,
    };
    apply_one(directory, on(account, action)).await.outcome
}

#[tokio::test]
async fn a_deleted_account_comes_back_with_all_that_it_had() {
    let dc = start();
    let directory = samba(&dc);
    let ada = done(&directory, user("ada", "People")).await;
    for (name, value) in [
        ("title", "Countess"),
        ("mail", "ada@lab.test"),
        ("telephoneNumber", "+44 1"),
        ("homeDirectory", "\\\\files\\ada"),
    ] {
        done(&directory, on(&ada, change(name, &[], &[value]))).await;
    }
    let many = change("otherTelephone", &[], &["1", "2", "3"]);
    done(&directory, on(&ada, many)).await;
    let group = Dn::from_server(STAFF);
    done(&directory, on(&ada, Action::AddToGroups { group })).await;
    let names = [
        "objectGUID",
        "objectSid",
        "title",
        "mail",
        "telephoneNumber",
        "homeDirectory",
        "otherTelephone",
        "displayName",
        "userPrincipalName",
        "sAMAccountName",
        "memberOf",
    ];
    let sorted = |text: String| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    let before = sorted(shown(&dc, &ada, &names));
    let [Some(copy)] = &directory.copies(std::slice::from_ref(&ada)).await.unwrap()[..] else {
        panic!("no copy")
    };
    assert_eq!(copy.groups, [Dn::from_server(STAFF)]);
    let kept = serde_json::to_string(copy).unwrap();
    assert_eq!(gone(&directory, &ada, Below::Kept).await, Outcome::Verified);
    assert_eq!(
        directory.copies(std::slice::from_ref(&ada)).await.unwrap(),
        [None]
    );

    let copy: tenure_core::seams::StoredObject = serde_json::from_str(&kept).unwrap();
    let nowhere = AccountRef {
        id: ada.id.clone(),
        dn: Dn::from_server(""),
    };
    let back = done(&directory, restore(&nowhere, Some(copy.clone()))).await;
    assert_eq!((&back.id, &back.dn), (&ada.id, &ada.dn));
    assert_eq!(sorted(shown(&dc, &ada, &names)), before);
    let listed = dc.samba_tool(&["group", "listmembers", "Staff"]).unwrap();
    assert_eq!(listed.trim(), "ada");
    // Nobody can sign in before there is a password.
    assert!(shown(&dc, &ada, &["userAccountControl"]).contains(": 514"));
    // A second try after a crash finds everything done.
    done(&directory, restore(&nowhere, Some(copy))).await;
    done(&directory, reset(&back, OTHER, false)).await;
    done(&directory, on(&back, Action::Enable)).await;
    assert!(dc.bind_works("ada@lab.test", OTHER).unwrap());
}

#[tokio::test]
async fn an_account_with_objects_below_it_goes_only_when_that_is_asked() {
    let dc = start();
    let directory = samba(&dc);
    let ada = done(&directory, user("ada", "People")).await;
    let below = format!("dn: CN=Phone,{}\nobjectClass: nTFRSSubscriptions\n", ada.dn);
    dc.ldapadd(&below).unwrap();
    let Outcome::Refused(refusal) = gone(&directory, &ada, Below::Kept).await else {
        panic!("deleted")
    };
    assert_eq!(
        refusal.to_string(),
        "the object has others below it (66 00002015)"
    );
    assert_eq!(gone(&directory, &ada, Below::Deleted).await, Outcome::Verified);
    let left = dc.ldapsearch(&["-b", "OU=People,DC=lab,DC=test", "(objectClass=*)", "1.1"]);
    assert_eq!(left.unwrap().matches("dn: ").count(), 1);

    // Without a copy the account comes back with what the server had kept, and that is said.
    let applied = apply_one(&directory, restore(&ada, None)).await;
    assert!(
        matches!(applied.outcome, Outcome::Unverified { .. }),
        "{applied:?}"
    );
    let never = AccountRef {
        id: tenure_core::account::AccountId::new("00000000-0000-0000-0000-00000000abcd"),
        dn: Dn::from_server(""),
    };
    let said = refused(&apply_one(&directory, restore(&never, None)).await);
    assert_eq!(said, "the deleted object is not there any more");
}
