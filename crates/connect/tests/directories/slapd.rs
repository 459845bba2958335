//! LDAP servers in general, as OpenLDAP is one.

use std::fmt::Write as _;

use tenure_connect::directory::{
    DirectorySettings, Exclusions, LdapDirectory, LdapRules, Mark, MemberOfSource, PasswordMethod,
};
use tenure_core::account::Access;
use tenure_core::action::{Action, ActionKind};
use tenure_core::attribute::AttributeIndex;
use tenure_core::directory_action::DirectoryAction;
use tenure_core::dn::Dn;
use tenure_core::outcome::Outcome;
use tenure_core::password::PasswordRule;
use tenure_core::photo::{Photo, PhotoDigest};
use tenure_core::seams::{AccountRef, Directory, Write};
use tenure_core::secret::Secret;
use tenure_lab::{MemberOf, Slapd, SlapdOptions};

use crate::accounts::*;

fn start(member_of: MemberOf) -> Slapd {
    let slapd = Slapd::start(&SlapdOptions {
        member_of,
        ..SlapdOptions::default()
    })
    .unwrap();
    slapd
        .ldapadd(
            "dn: ou=people,dc=lab,dc=test\nobjectClass: organizationalUnit\nou: people\n\n\
             dn: ou=left,ou=people,dc=lab,dc=test\nobjectClass: organizationalUnit\nou: left\n\n\
             dn: cn=staff,dc=lab,dc=test\nobjectClass: groupOfNames\ncn: staff\nmember: cn=nobody\n\n",
        )
        .unwrap();
    slapd
}

fn directory(slapd: &Slapd, rules: LdapRules) -> LdapDirectory {
    let ldap = ldap(&slapd.ldap_url(), slapd.root_dn(), slapd.root_password(), None);
    let base = Dn::from_server("ou=people,dc=lab,dc=test");
    LdapDirectory::new(
        DirectorySettings {
            ldap,
            base,
            user_filter: None,
        },
        rules,
    )
    .unwrap()
}

fn person(uid: &str, password: Option<&str>) -> Write {
    let dn = format!("uid={uid},ou=people,dc=lab,dc=test");
    create(
        &dn,
        &[("cn", uid), ("sn", "Example"), ("mail", "a@lab.test")],
        password,
        Access::Enabled,
    )
}

fn entry(slapd: &Slapd, uid: &str, attribute: &str) -> String {
    slapd
        .ldapsearch(&["-b", slapd.base_dn(), &format!("(uid={uid})"), attribute])
        .unwrap()
}

#[tokio::test]
async fn every_action_is_carried_out_and_shown() {
    for (overlay, source) in [
        (MemberOf::Off, MemberOfSource::Groups),
        (MemberOf::On, MemberOfSource::Server),
    ] {
        let slapd = start(overlay);
        let mark = Mark {
            attribute: "employeeType".to_owned(),
            value: "disabled".to_owned(),
        };
        let rules = LdapRules {
            member_of: source,
            disabled: Some(mark),
            ..LdapRules::default()
        };
        let directory = directory(&slapd, rules);
        assert_eq!(
            directory.capabilities().actions,
            // What follows is for a cloud only.
            ActionKind::OF_DIRECTORIES
                .into_iter()
                .take_while(|kind| *kind != ActionKind::AssignLicences)
                .filter(|kind| *kind != ActionKind::Restore)
                .collect()
        );
        let ada = done(&directory, person("ada", Some("first"))).await;
        assert!(slapd.bind_works(ada.dn.as_str(), "first").unwrap());

        done(&directory, on(&ada, change("mobile", &[], &["1", "2"]))).await;
        done(&directory, on(&ada, change("mobile", &["2", "1"], &["2", "3"]))).await;
        let found = entry(&slapd, "ada", "mobile");
        assert!(
            found.contains("mobile: 3") && !found.contains("mobile: 1"),
            "{found}"
        );
        done(&directory, on(&ada, change("mobile", &["2", "3"], &[]))).await;
        // Values that the server cannot tell apart.
        done(
            &directory,
            on(&ada, change("facsimileTelephoneNumber", &[], &["1", "2"])),
        )
        .await;
        done(
            &directory,
            on(&ada, change("facsimileTelephoneNumber", &["1", "2"], &["2", "3"])),
        )
        .await;

        let moved = done(
            &directory,
            on(&ada, move_to(&ada, "uid=ada2,ou=left,ou=people,dc=lab,dc=test")),
        )
        .await;
        assert!(entry(&slapd, "ada2", "1.1").contains("dn: uid=ada2,ou=left,ou=people,dc=lab,dc=test"));
        // It is found by its id when it is not where it was.
        assert_eq!(
            done(&directory, on(&ada, change("title", &[], &["Dr"]))).await,
            moved
        );
        let applied = apply_one(&directory, on(&ada, change("title", &[], &["Sir"]))).await;
        assert_eq!(
            applied.outcome,
            Outcome::Overtaken {
                found: "`title` is `Dr`".to_owned()
            }
        );

        done(&directory, on(&moved, Action::Disable)).await;
        let accounts = read(&directory, &["uid"]).await;
        assert_eq!(accounts[0].access, Access::Disabled);
        done(&directory, on(&moved, Action::Enable)).await;
        assert!(!entry(&slapd, "ada2", "employeeType").contains("disabled"));

        let group = Dn::from_server("cn=staff,dc=lab,dc=test");
        for _ in 0..2 {
            done(
                &directory,
                on(&moved, Action::AddToGroups { group: group.clone() }),
            )
            .await;
        }
        let accounts = read(&directory, &["uid", "memberOf"]).await;
        assert_eq!(
            (accounts.len(), &accounts[0].id, &accounts[0].dn),
            (1, &ada.id, &moved.dn)
        );
        assert_eq!(
            accounts[0].attributes.first(AttributeIndex(1)),
            Some("cn=staff,dc=lab,dc=test")
        );
        for _ in 0..2 {
            done(
                &directory,
                on(&moved, Action::RemoveFromGroups { group: group.clone() }),
            )
            .await;
        }
        assert_eq!(
            read(&directory, &["memberOf"]).await[0]
                .attributes
                .first(AttributeIndex(0)),
            None
        );

        done(&directory, on(&moved, delete(&moved))).await;
        assert!(read(&directory, &["uid"]).await.is_empty());
        done(&directory, on(&moved, delete(&moved))).await;
    }
}

#[tokio::test]
async fn many_are_looked_at_together_and_each_counts_by_itself() {
    let slapd = start(MemberOf::Off);
    let directory = directory(&slapd, LdapRules::default());
    // OpenLDAP finds them by their names, however those have to be written.
    let base = Dn::from_server("ou=people,dc=lab,dc=test");
    let odd = [
        "Byrne, Ada",
        "a+b",
        "#7",
        "x \"y\" <z>; \\",
        "Łukasz (2)*",
        " edge ",
    ];
    let names = odd.map(str::to_owned).into_iter();
    let names: Vec<String> = names.chain((0..300).map(|number| format!("p{number}"))).collect();
    let writes: Vec<Write> = names
        .iter()
        .map(|name| {
            let dn = base.child("uid", name);
            let values = [("cn", "somebody"), ("sn", "Example")];
            create(dn.as_str(), &values, None, Access::Enabled)
        })
        .collect();
    let made = directory.apply(writes).await;
    let accounts: Vec<AccountRef> = made
        .into_iter()
        .zip(&names)
        .map(|(applied, name)| {
            assert_eq!(applied.outcome, Outcome::Verified, "{name}");
            applied.account.unwrap()
        })
        .collect();

    // Of those that are written together one was moved, one renamed to another's old name, and one is gone.
    slapd
        .ldapmodify(
            "dn: uid=p1,ou=people,dc=lab,dc=test\nchangetype: modrdn\nnewrdn: uid=p1\ndeleteoldrdn: 0\n\
             newsuperior: ou=left,ou=people,dc=lab,dc=test\n\n\
             dn: uid=p2,ou=people,dc=lab,dc=test\nchangetype: modrdn\nnewrdn: uid=other\ndeleteoldrdn: 1\n\n\
             dn: uid=p3,ou=people,dc=lab,dc=test\nchangetype: modrdn\nnewrdn: uid=p2\ndeleteoldrdn: 1\n\n\
             dn: uid=p4,ou=people,dc=lab,dc=test\nchangetype: delete\n\n",
        )
        .unwrap();
    let writes = accounts
        .iter()
        .map(|account| on(account, change("title", &[], &[account.id.as_str()])));
    let changed = directory.apply(writes.collect()).await;
    for ((account, applied), name) in accounts.iter().zip(&changed).zip(&names) {
        if name == "p4" {
            assert!(refused(applied).contains("does not exist"), "{applied:?}");
            continue;
        }
        assert_eq!(applied.outcome, Outcome::Verified, "{name}");
        let found = format!("(&(entryUUID={0})(title={0}))", account.id.as_str());
        let found = slapd.ldapsearch(&["-b", slapd.base_dn(), &found, "1.1"]).unwrap();
        assert!(found.contains("dn:"), "{name} has not its own title");
    }
}

#[tokio::test]
async fn what_the_directory_cannot_do_is_said() {
    let slapd = start(MemberOf::Off);
    let plain = directory(&slapd, LdapRules::default());
    assert!(!plain.capabilities().actions.contains(&ActionKind::Disable));
    let ada = done(&plain, person("ada", None)).await;
    assert!(
        refused(&apply_one(&plain, on(&ada, Action::Disable)).await).starts_with("nothing says how accounts")
    );
    let mut write = person("bob", Some("secret"));
    let Action::CreateAccount { password, .. } = &mut write.action else {
        panic!()
    };
    *password = Some(PasswordRule {
        must_change: true,
        ..PasswordRule::default()
    });
    assert!(refused(&apply_one(&plain, write).await).contains("another password at the first sign-in"));
    let outside = AccountRef {
        dn: Dn::from_server("uid=ada,dc=other"),
        ..ada.clone()
    };
    done(&plain, on(&outside, change("title", &[], &["Dr"]))).await;
    assert!(
        refused(&apply_one(&plain, on(&ada, move_to(&ada, "uid=ada,dc=lab,dc=test"))).await)
            .contains("is not below")
    );
    assert_eq!(
        refused(
            &apply_one(
                &plain,
                on(&ada, move_to(&ada, "uid=ada,ou=no,ou=people,dc=lab,dc=test"))
            )
            .await
        ),
        "the container does not exist (32)"
    );
    // An account that somebody has moved out of reach is not taken for one that is gone.
    slapd
        .ldapmodify(&format!(
            "dn: {}\nchangetype: modrdn\nnewrdn: uid=ada\ndeleteoldrdn: 1\nnewsuperior: dc=lab,dc=test\n",
            ada.dn
        ))
        .unwrap();
    assert!(
        refused(&apply_one(&plain, on(&ada, delete(&ada))).await)
            .starts_with("`uid=ada,dc=lab,dc=test` is not below")
    );
}

#[tokio::test]
async fn an_account_whose_password_is_refused_is_not_left_behind() {
    let slapd = start(MemberOf::Off);
    let rules = LdapRules {
        must_change: Some(Mark {
            attribute: "noSuch".into(),
            value: "x".into(),
        }),
        ..LdapRules::default()
    };
    let directory_ = directory(&slapd, rules);
    let mut write = person("bob", Some("secret"));
    let Action::CreateAccount { password, .. } = &mut write.action else {
        panic!()
    };
    *password = Some(PasswordRule {
        must_change: true,
        ..PasswordRule::default()
    });
    assert!(
        refused(&apply_one(&directory_, write).await)
            .starts_with("the directory's schema has no such attribute")
    );
    assert_eq!(entry(&slapd, "bob", "1.1"), "");

    let by_value = directory(
        &slapd,
        LdapRules {
            password: PasswordMethod::Attribute,
            ..LdapRules::default()
        },
    );
    let cy = done(&by_value, person("cy", Some("secret"))).await;
    assert!(slapd.bind_works(cy.dn.as_str(), "secret").unwrap());
    let again_with = again(&person("cy", Some("other")));
    assert_eq!(done(&by_value, again_with).await, cy);
    assert!(slapd.bind_works(cy.dn.as_str(), "other").unwrap());
}

#[tokio::test]
async fn a_password_is_reset_and_a_photo_set_in_any_server() {
    let slapd = start(MemberOf::Off);
    let plain = directory(&slapd, LdapRules::default());
    let ada = done(&plain, person("ada", Some("first"))).await;
    let reset = Write {
        password: Some(Secret::new("second".to_owned())),
        ..on(
            &ada,
            Action::Directory(DirectoryAction::ResetPassword {
                rule: PasswordRule::default(),
            }),
        )
    };
    // Without a password policy the server does not say when a password was set.
    let applied = apply_one(&plain, reset).await;
    assert!(
        matches!(applied.outcome, Outcome::Unverified { .. }),
        "{applied:?}"
    );
    assert!(slapd.bind_works(ada.dn.as_str(), "second").unwrap());
    assert!(!slapd.bind_works(ada.dn.as_str(), "first").unwrap());

    let photo = Photo::from_base64("/9j/4AAQ").unwrap();
    let set = DirectoryAction::SetPhoto {
        photo: photo.clone(),
        before: None,
    };
    done(&plain, on(&ada, Action::Directory(set))).await;
    assert!(entry(&slapd, "ada", "jpegPhoto").contains("jpegPhoto:: /9j/4AAQ"));
    let remove = DirectoryAction::RemovePhoto {
        before: Some(photo.digest()),
    };
    done(&plain, on(&ada, Action::Directory(remove))).await;
    assert!(!entry(&slapd, "ada", "jpegPhoto").contains("jpegPhoto:"));

    // The groups know their members, and what is excluded with them is left alone.
    slapd
        .ldapadd(&format!(
            "dn: cn=handsoff,dc=lab,dc=test\nobjectClass: groupOfNames\ncn: handsoff\nmember: {}\n",
            ada.dn
        ))
        .unwrap();
    let scoped = directory(&slapd, LdapRules::default()).excluding(Exclusions {
        groups: vec![Dn::from_server("cn=handsoff,dc=lab,dc=test")],
        ..Exclusions::default()
    });
    let protected = scoped.protected().await.unwrap();
    assert_eq!(protected.len(), 1);
    assert_eq!(protected[0].id, ada.id);
    let applied = apply_one(&scoped, on(&ada, change("mobile", &[], &["1"]))).await;
    assert_eq!(
        refused(&applied),
        "this is left alone: it is a member of `cn=handsoff,dc=lab,dc=test`, which the directory's `scope` excludes"
    );
    assert!(!entry(&slapd, "ada", "mobile").contains("mobile:"));
}

#[tokio::test]
async fn many_are_read_in_pages_and_without() {
    let slapd = start(MemberOf::Off);
    let mut ldif = String::new();
    for at in 0..2500 {
        let dn = format!("uid=u{at},ou=people,dc=lab,dc=test");
        let _ = write!(
            ldif,
            "dn: {dn}\nobjectClass: inetOrgPerson\nuid: u{at}\ncn: U\nsn: Ä\njpegPhoto:: /9j/\n\n"
        );
    }
    slapd.ldapadd(&ldif).unwrap();
    for page_size in [0, 7, 1000, 5000] {
        let mut ldap = ldap(&slapd.ldap_url(), slapd.root_dn(), slapd.root_password(), None);
        ldap.page_size = page_size;
        let base = Dn::from_server("ou=people,dc=lab,dc=test");
        let settings = DirectorySettings {
            ldap,
            base,
            user_filter: None,
        };
        let directory = LdapDirectory::new(settings, LdapRules::default()).unwrap();
        let accounts = read(&directory, &["uid", "sn", "jpegPhoto", "memberOf"]).await;
        assert_eq!(accounts.len(), 2500);
        assert_eq!(
            accounts[2499].attributes.iter().collect::<Vec<_>>(),
            [
                (AttributeIndex(0), "u2499"),
                (AttributeIndex(1), "Ä"),
                // A picture is told by its digest.
                (AttributeIndex(2), PhotoDigest::of(&[0xff, 0xd8, 0xff]).as_str()),
            ]
        );
        assert_eq!(directory.taken(&["UID".into()]).await.unwrap().len(), 2500);
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_an_error_when_reading_and_a_failure_when_writing() {
    let mut slapd = start(MemberOf::Off);
    let directory = directory(&slapd, LdapRules::default());
    let ada = done(&directory, person("ada", None)).await;
    slapd.kill();
    let error = directory
        .read(&dictionary(&["uid"]), &mut Vec::new())
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("reading the accounts below `ou=people,dc=lab,dc=test`: no connection to")
    );
    let applied = apply_one(&directory, on(&ada, delete(&ada))).await;
    assert!(matches!(applied.outcome, Outcome::Failed(_)), "{applied:?}");
}
