//! Active Directory, as Samba is one.

use std::collections::HashSet;
use std::fmt::Write as _;

use tenure_connect::directory::{ActiveDirectory, ActiveDirectoryRules, AdminCount, DirectorySettings};
use tenure_connect::ldap::{Connection, LdapSettings, ServerUrl};
use tenure_core::account::Access;
use tenure_core::action::{Action, ActionKind};
use tenure_core::attribute::AttributeIndex;
use tenure_core::dn::Dn;
use tenure_core::outcome::Outcome;
use tenure_core::password::PasswordRule;
use tenure_core::seams::{AccountRef, Directory, Write};
use tenure_lab::SambaDc;

use crate::accounts::*;

const GOOD: &str = "Winter#2026-x";

fn user(login: &str, password: &str) -> Write {
    let upn = format!("{login}@lab.test");
    let attributes = [
        ("sAMAccountName", login),
        ("userPrincipalName", &upn),
        ("displayName", login),
    ];
    create(
        &format!("CN={login},OU=People,DC=lab,DC=test"),
        &attributes,
        Some(password),
        Access::Enabled,
    )
}

fn start() -> SambaDc {
    let dc = SambaDc::start().unwrap();
    dc.ldapadd(
        "dn: OU=People,DC=lab,DC=test\nobjectClass: organizationalUnit\n\n\
         dn: OU=Left,DC=lab,DC=test\nobjectClass: organizationalUnit\n\n\
         dn: CN=Staff,OU=Left,DC=lab,DC=test\nobjectClass: group\nsAMAccountName: Staff\n\n",
    )
    .unwrap();
    dc
}

fn entry(dc: &SambaDc, login: &str, attributes: &[&str]) -> String {
    let filter = format!("(sAMAccountName={login})");
    let mut arguments = vec!["-b", dc.base_dn(), filter.as_str()];
    arguments.extend(attributes);
    let found = dc.ldapsearch(&arguments).unwrap();
    found
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect::<Vec<_>>()
        .join("\n")
}

#[tokio::test]
async fn samba_makes_users_who_can_sign_in_and_refuses_one_with_a_weak_password() {
    let dc = start();
    let directory = samba(&dc);
    let login = |at| format!("user{at}");
    let password = |at| {
        if at == 17 {
            "short".to_owned()
        } else {
            format!("{GOOD}{at}")
        }
    };
    let applied = directory
        .apply((0..50).map(|at| user(&login(at), &password(at))).collect())
        .await;
    for (at, one) in applied.iter().enumerate() {
        if at == 17 {
            assert_eq!(
                refused(one),
                "the password does not meet the domain's policy (19 0000052D)"
            );
            assert_eq!(one.account, None);
        } else {
            assert_eq!(one.outcome, Outcome::Verified, "{at}");
        }
    }
    assert!(!entry(&dc, "user17", &["1.1"]).contains("dn: CN=user17"));
    for at in [0, 16, 18, 49] {
        assert!(
            dc.bind_works(&format!("user{at}@lab.test"), &password(at))
                .unwrap(),
            "{at}"
        );
    }
    let accounts = read(&directory, &["sAMAccountName"]).await;
    let ids: HashSet<_> = accounts.iter().map(|account| &account.id).collect();
    assert_eq!(ids.len(), accounts.len());
    assert!(
        applied
            .iter()
            .filter_map(|one| one.account.as_ref())
            .all(|account| ids.contains(&account.id))
    );
}

#[tokio::test]
async fn samba_carries_out_every_action_and_shows_it() {
    let dc = start();
    let directory = samba(&dc);
    assert_eq!(
        directory.capabilities().actions,
        ActionKind::OF_DIRECTORIES
            .into_iter()
            // What follows is for a cloud only.
            .take_while(|kind| *kind != ActionKind::AssignLicences)
            .collect()
    );
    let ada = done(&directory, user("ada", GOOD)).await;
    let text = |names: &[&str]| entry(&dc, "ada", names);

    done(&directory, on(&ada, change("title", &[], &["Countess"]))).await;
    done(
        &directory,
        on(&ada, change("otherTelephone", &[], &["1", "2", "3"])),
    )
    .await;
    done(
        &directory,
        on(&ada, change("otherTelephone", &["3", "2", "1"], &["4", "2"])),
    )
    .await;
    let found = text(&["title", "otherTelephone"]);
    assert!(
        found.contains("title: Countess") && found.contains("otherTelephone: 4"),
        "{found}"
    );
    assert!(!found.contains("otherTelephone: 1"), "{found}");
    done(&directory, on(&ada, change("title", &["Countess"], &[]))).await;
    assert!(!text(&["title"]).contains("title"));

    let ada = done(
        &directory,
        on(&ada, move_to(&ada, "CN=Byrne\\, Ada,OU=People,DC=lab,DC=test")),
    )
    .await;
    let ada = done(
        &directory,
        on(&ada, move_to(&ada, "CN=Byrne\\, Ada,OU=Left,DC=lab,DC=test")),
    )
    .await;
    assert!(
        text(&["1.1"]).contains("dn: CN=Byrne\\, Ada,OU=Left,DC=lab,DC=test"),
        "{}",
        text(&["1.1"])
    );

    done(&directory, on(&ada, Action::Disable)).await;
    assert!(text(&["userAccountControl"]).contains(": 514"));
    assert!(!dc.bind_works("ada@lab.test", GOOD).unwrap());
    done(&directory, on(&ada, Action::Enable)).await;
    assert!(dc.bind_works("ada@lab.test", GOOD).unwrap());

    let group = Dn::from_server("CN=Staff,OU=Left,DC=lab,DC=test");
    for _ in 0..2 {
        done(&directory, on(&ada, Action::AddToGroups { group: group.clone() })).await;
        assert!(text(&["memberOf"]).contains("memberOf: CN=Staff"));
    }
    let accounts = read(&directory, &["sAMAccountName", "memberOf"]).await;
    let account = accounts.iter().find(|account| account.id == ada.id).unwrap();
    assert_eq!(account.dn, ada.dn);
    assert_eq!(
        account.attributes.first(AttributeIndex(1)),
        Some("CN=Staff,OU=Left,DC=lab,DC=test")
    );
    for _ in 0..2 {
        done(
            &directory,
            on(&ada, Action::RemoveFromGroups { group: group.clone() }),
        )
        .await;
        assert!(!text(&["memberOf"]).contains("memberOf"));
    }
    let gone = Dn::from_server("CN=Nobody,OU=Left,DC=lab,DC=test");
    let applied = apply_one(&directory, on(&ada, Action::AddToGroups { group: gone })).await;
    assert!(matches!(applied.outcome, Outcome::Refused(_)), "{applied:?}");

    done(&directory, on(&ada, delete(&ada))).await;
    assert!(!text(&["1.1"]).contains("dn: CN=Byrne"));
    done(&directory, on(&ada, delete(&ada))).await;
    let applied = apply_one(&directory, on(&ada, Action::Enable)).await;
    assert_eq!(refused(&applied), "the object does not exist (32)");
}

#[tokio::test]
async fn samba_members_of_one_group_go_together_and_one_by_one_when_one_is_refused() {
    let dc = start();
    let directory = samba(&dc);
    let made = directory
        .apply((0..20).map(|at| user(&format!("m{at}"), GOOD)).collect())
        .await;
    let members: Vec<AccountRef> = made.into_iter().map(|one| one.account.unwrap()).collect();
    let group = Dn::from_server("CN=Staff,OU=Left,DC=lab,DC=test");
    let join = |member: &AccountRef| on(member, Action::AddToGroups { group: group.clone() });
    // Other tools write at the same time: one is a member already when the request comes.
    done(&directory, join(&members[3])).await;
    let applied = directory.apply(members.iter().map(join).collect()).await;
    assert!(
        applied.iter().all(|one| one.outcome == Outcome::Verified),
        "{applied:?}"
    );
    let found = dc
        .ldapsearch(&["-b", group.as_str(), "(objectClass=*)", "member"])
        .unwrap();
    assert_eq!(found.matches("member: ").count(), 20);
}

#[tokio::test]
async fn samba_leaves_alone_what_moved_meanwhile_or_is_protected() {
    let dc = start();
    let directory = samba(&dc);
    let ada = done(&directory, user("ada", GOOD)).await;
    let overtaken = |outcome: Outcome| match outcome {
        Outcome::Overtaken { found } => found,
        other => panic!("not overtaken: {other:?}"),
    };
    dc.ldapmodify(&format!(
        "dn: {}\nchangetype: modify\nreplace: title\ntitle: Dr\n",
        ada.dn
    ))
    .unwrap();
    let applied = apply_one(&directory, on(&ada, change("title", &["Mr"], &["Sir"]))).await;
    assert_eq!(overtaken(applied.outcome), "`title` is `Dr`");
    done(&directory, on(&ada, change("title", &["Mr"], &["Dr"]))).await;

    dc.ldapmodify(&format!(
        "dn: {}\nchangetype: modrdn\nnewrdn: CN=Ada\ndeleteoldrdn: 1\nnewsuperior: OU=Left,DC=lab,DC=test\n",
        ada.dn
    ))
    .unwrap();
    let applied = apply_one(
        &directory,
        on(&ada, move_to(&ada, "CN=X,OU=People,DC=lab,DC=test")),
    )
    .await;
    assert_eq!(
        overtaken(applied.outcome),
        "the account is at `CN=Ada,OU=Left,DC=lab,DC=test`"
    );
    let applied = apply_one(&directory, on(&ada, delete(&ada))).await;
    assert_eq!(
        overtaken(applied.outcome),
        "the account is at `CN=Ada,OU=Left,DC=lab,DC=test`"
    );
    // It is found by its id where it is now.
    done(&directory, on(&ada, change("title", &["Dr"], &["Sir"]))).await;

    let accounts = read(&directory, &["sAMAccountName"]).await;
    let named = |login: &str| {
        let account = accounts
            .iter()
            .find(|one| one.attributes.first(AttributeIndex(0)) == Some(login))
            .unwrap();
        AccountRef {
            id: account.id.clone(),
            dn: account.dn.clone(),
        }
    };
    let applied = apply_one(&directory, on(&named("Administrator"), Action::Disable)).await;
    assert!(
        refused(&applied).starts_with("the account is one that the domain itself needs"),
        "{applied:?}"
    );
    dc.ldapmodify(
        "dn: CN=Ada,OU=Left,DC=lab,DC=test\nchangetype: modify\nreplace: adminCount\nadminCount: 1\n",
    )
    .unwrap();
    let applied = apply_one(&directory, on(&ada, Action::Disable)).await;
    assert!(refused(&applied).contains("adminCount"), "{applied:?}");
    let base = Dn::from_server("OU=People,DC=lab,DC=test");
    let settings = DirectorySettings {
        ldap: samba_ldap(&dc),
        base,
        user_filter: None,
    };
    let rules = ActiveDirectoryRules {
        admin_count: AdminCount::Managed,
    };
    let narrow = ActiveDirectory::new(settings.clone(), rules).unwrap();
    let applied = apply_one(&narrow, on(&ada, Action::Disable)).await;
    assert!(
        refused(&applied).contains("is not below `OU=People,DC=lab,DC=test`"),
        "{applied:?}"
    );
    let base = Dn::from_server(dc.base_dn());
    let wide = ActiveDirectory::new(DirectorySettings { base, ..settings }, rules).unwrap();
    done(&wide, on(&ada, Action::Disable)).await;
}

#[tokio::test]
async fn samba_creations_that_cannot_be_are_explained_and_second_tries_finish() {
    let dc = start();
    let directory = samba(&dc);
    let ada = done(&directory, user("ada", GOOD)).await;
    let refusal = async |write| refused(&apply_one(&directory, write).await);
    assert_eq!(
        refusal(user("ada", GOOD)).await,
        "there is an object of this name already (68)"
    );
    let elsewhere = create(
        "CN=b,OU=People,DC=lab,DC=test",
        &[("sAMAccountName", "ada")],
        Some(GOOD),
        Access::Enabled,
    );
    assert!(refusal(elsewhere).await.starts_with("the name is already taken"));
    let nowhere = create(
        "CN=b,OU=No,DC=lab,DC=test",
        &[("sAMAccountName", "b")],
        Some(GOOD),
        Access::Enabled,
    );
    assert_eq!(
        refusal(nowhere).await,
        "the container does not exist (32 00002030)"
    );
    assert!(
        refusal(create("CN=b,DC=other", &[], None, Access::Disabled))
            .await
            .contains("is not below")
    );

    // A crash after the object was made, before its password was set.
    dc.ldapmodify(&format!(
        "dn: {}\nchangetype: modify\nreplace: userAccountControl\nuserAccountControl: 514\n",
        ada.dn
    ))
    .unwrap();
    let mut second = again(&user("ada", "Other#2026-y"));
    assert_eq!(done(&directory, second.clone()).await.id, ada.id);
    assert!(dc.bind_works("ada@lab.test", "Other#2026-y").unwrap());
    // Nobody else's account of that name is touched.
    dc.ldapmodify(&format!(
        "dn: {}\nchangetype: modify\nreplace: displayName\ndisplayName: Other\n",
        ada.dn
    ))
    .unwrap();
    assert_eq!(
        refusal(second.clone()).await,
        "there is an object of this name already (68)"
    );

    second = again(&user("never", GOOD));
    let Action::CreateAccount { password, .. } = &mut second.action else {
        panic!()
    };
    *password = Some(PasswordRule {
        must_change: true,
        ..PasswordRule::default()
    });
    done(&directory, second).await;
    assert!(entry(&dc, "never", &["pwdLastSet"]).contains("pwdLastSet: 0"));
    let disabled = create(
        "CN=d,OU=People,DC=lab,DC=test",
        &[("sAMAccountName", "d")],
        None,
        Access::Disabled,
    );
    done(&directory, disabled).await;
    assert!(entry(&dc, "d", &["userAccountControl"]).contains(": 514"));
    let attributes = [("sAMAccountName", "e"), ("userAccountControl", "66048")];
    let lasting = create(
        "CN=e,OU=People,DC=lab,DC=test",
        &attributes,
        Some(GOOD),
        Access::Disabled,
    );
    done(&directory, lasting).await;
    assert!(entry(&dc, "e", &["userAccountControl"]).contains(": 66050"));
}

#[tokio::test]
async fn samba_shows_more_than_a_page_and_what_is_taken() {
    let dc = start();
    let mut ldif = String::new();
    for at in 0..1203 {
        let _ = write!(
            ldif,
            "dn: CN=p{at},OU=People,DC=lab,DC=test\nobjectClass: user\nsAMAccountName: p{at}\n\n"
        );
    }
    dc.ldapadd(&ldif).unwrap();
    let base = Dn::from_server("OU=People,DC=lab,DC=test");
    let settings = DirectorySettings {
        ldap: samba_ldap(&dc),
        base,
        user_filter: None,
    };
    let directory = ActiveDirectory::new(settings, ActiveDirectoryRules::default()).unwrap();
    let accounts = read(&directory, &["sAMAccountName", "objectSid"]).await;
    assert_eq!(accounts.len(), 1203);
    assert!(accounts.iter().all(|account| account.access == Access::Disabled));
    let taken = directory
        .taken(&["samaccountname".into(), "userPrincipalName".into()])
        .await
        .unwrap();
    let logins: HashSet<&str> = taken.iter().map(|(_, value)| value.as_str()).collect();
    for login in ["p0", "p1202", "Staff", "DC1$", "Domain Users", "Administrator"] {
        assert!(logins.contains(login), "{login}");
    }
}

#[tokio::test]
async fn samba_is_not_believed_with_anothers_certificate_or_password() {
    let dc = start();
    let settings = ldap(&dc.ldaps_url(), dc.admin_user(), "wrong", Some(dc.ca_pem_path()));
    let error = Connection::open(&settings).await.unwrap_err().to_string();
    assert!(
        error.ends_with("refused: the name or the password is wrong (49 80090308 data 52e)"),
        "{error}"
    );
    let settings = ldap(&dc.ldaps_url(), dc.admin_user(), dc.admin_password(), None);
    let error = Connection::open(&settings).await.unwrap_err().to_string();
    assert!(
        error.ends_with("its certificate was not issued by an authority that is trusted"),
        "{error}"
    );
    let settings = ldap(&dc.ldap_url(), dc.admin_user(), dc.admin_password(), None);
    let error = Connection::open(&settings).await.unwrap_err().to_string();
    assert!(error.contains("encrypted connection only"), "{error}");
}

#[tokio::test]
async fn samba_that_dies_half_way_has_verified_nothing_and_second_tries_finish() {
    let mut dc = start();
    let url = ServerUrl::parse(&dc.ldaps_url()).unwrap();
    let base = Dn::from_server(dc.base_dn());
    let writes: Vec<Write> = (0..60).map(|at| user(&format!("k{at}"), GOOD)).collect();
    // The certificate, the sign-in and some of the answers come through.
    let narrow = Bottleneck::before(&url, 3500);
    let through = LdapSettings {
        servers: vec![narrow.url.clone()],
        connections: 1,
        ..samba_ldap(&dc)
    };
    let settings = DirectorySettings {
        ldap: through,
        base,
        user_filter: None,
    };
    let directory = ActiveDirectory::new(settings, ActiveDirectoryRules::default()).unwrap();
    let (applied, ()) = tokio::join!(directory.apply(writes.clone()), async {
        narrow.full().await;
        dc.kill();
    });
    assert_eq!(applied.len(), 60);
    assert!(
        applied
            .iter()
            .all(|one| matches!(one.outcome, Outcome::Failed(_))),
        "{applied:?}"
    );
    dc.restart().unwrap();
    assert!(
        entry(&dc, "k0", &["1.1"]).contains("dn: CN=k0"),
        "the first was made before"
    );
    let directory = samba(&dc);
    let finished = directory.apply(writes.iter().map(again).collect()).await;
    assert!(
        finished.iter().all(|one| one.outcome == Outcome::Verified),
        "{finished:?}"
    );
    assert!(dc.bind_works("k0@lab.test", GOOD).unwrap() && dc.bind_works("k59@lab.test", GOOD).unwrap());
}
