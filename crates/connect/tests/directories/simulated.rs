//! Active Directory as Windows does it and Samba does not: caps, parts of values, refusals in Windows' words, and a
//! Recycle Bin.

use std::net::{IpAddr, Ipv4Addr};

use tempfile::TempDir;
use tenure_connect::directory::{ActiveDirectory, ActiveDirectoryRules, DirectorySettings};
use tenure_connect::ldap::{
    Attribute, Change, ChangeKind, Connection, Control, LdapSettings, Operation, Request, ResultCode, Search,
    ServerUrl,
};
use tenure_core::account::Access;
use tenure_core::action::Action;
use tenure_core::attribute::AttributeIndex;
use tenure_core::dn::Dn;
use tenure_core::outcome::Outcome;
use tenure_core::seams::{AccountRef, Completeness, Directory};
use tenure_lab::Authority;
use tenure_sim::active_directory::{ActiveDirectory as Domain, ActiveDirectoryOptions, Controller, TlsFiles};

use crate::accounts::*;

pub const BASE: &str = "DC=corp,DC=test";
pub const PEOPLE: &str = "OU=People,DC=corp,DC=test";
pub const GOOD: &str = "Winter#2026-x";

/// A domain on encrypted lines, with a container for people. The folder holds its certificate.
pub fn domain(change: impl FnOnce(&mut ActiveDirectoryOptions)) -> (Domain, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let files = Authority::shared()
        .unwrap()
        .issue(folder.path(), &["dc.corp.test"], &[here])
        .unwrap();
    let mut options = ActiveDirectoryOptions::new(BASE);
    options.tls = Some(TlsFiles {
        certificate: files.certificate,
        key: files.key,
    });
    change(&mut options);
    let domain = Domain::new(options);
    domain.add_unit(PEOPLE).unwrap();
    (domain, folder)
}

pub fn settings(controllers: &[&Controller]) -> LdapSettings {
    let first = controllers.first().unwrap().url();
    let ca = Authority::shared().unwrap().ca_pem_path().to_owned();
    LdapSettings {
        servers: controllers
            .iter()
            .map(|controller| ServerUrl::parse(&controller.url()).unwrap())
            .collect(),
        ..ldap(&first, "administrator@corp.test", "Passw0rd!Sim", Some(&ca))
    }
}

pub fn directory_with(ldap: LdapSettings, base: &str) -> ActiveDirectory {
    let settings = DirectorySettings {
        ldap,
        base: Dn::from_server(base),
        user_filter: None,
    };
    ActiveDirectory::new(settings, ActiveDirectoryRules::default()).unwrap()
}

pub fn directory(controllers: &[&Controller]) -> ActiveDirectory {
    directory_with(settings(controllers), BASE)
}

pub fn user(login: &str, password: &str) -> tenure_core::seams::Write {
    let upn = format!("{login}@corp.test");
    let attributes = [("sAMAccountName", login), ("userPrincipalName", &upn)];
    create(
        &format!("CN={login},{PEOPLE}"),
        &attributes,
        Some(password),
        Access::Enabled,
    )
}

#[tokio::test]
async fn more_users_than_a_page_has_are_read_whole() {
    let (domain, _folder) = domain(|_| ());
    domain.populate(PEOPLE, 2500);
    let controller = domain.controller().await.unwrap();
    // The server gives a thousand a page, whatever is asked for.
    for page_size in [1000, 5000, 300] {
        let settings = LdapSettings {
            page_size,
            ..settings(&[&controller])
        };
        let accounts = read(&directory_with(settings, BASE), &["sAMAccountName"]).await;
        assert_eq!(accounts.len(), 2500);
        assert!(
            accounts
                .iter()
                .all(|account| account.attributes.first(AttributeIndex(0)).is_some())
        );
    }
    // Without pages it stops, and that is no whole reading.
    let unpaged = LdapSettings {
        page_size: 0,
        ..settings(&[&controller])
    };
    let mut accounts = Vec::new();
    let all = directory_with(unpaged, BASE)
        .read(&dictionary(&["mail"]), &mut accounts)
        .await
        .unwrap();
    assert_eq!(accounts.len(), 1000);
    let Completeness::Incomplete { count: 1000, why } = all else {
        panic!("{all:?}")
    };
    assert!(why.contains("(4)"), "{why}");
}

#[tokio::test]
async fn values_that_come_in_parts_are_read_whole() {
    let (domain, _folder) = domain(|_| ());
    domain.populate(PEOPLE, 3000);
    domain.add_group("CN=All,DC=corp,DC=test").unwrap();
    domain.add_all("CN=All,DC=corp,DC=test", PEOPLE).unwrap();
    domain.add_unit("OU=Groups,DC=corp,DC=test").unwrap();
    let busy = format!("CN=user000000,{PEOPLE}");
    for at in 0..3000 {
        let group = format!("CN=g{at},OU=Groups,DC=corp,DC=test");
        domain.add_group(&group).unwrap();
        domain.add_member(&group, &busy).unwrap();
    }
    let controller = domain.controller().await.unwrap();
    let mut connection = Connection::open(&settings(&[&controller])).await.unwrap();
    let search = Search::object("CN=All,DC=corp,DC=test", vec!["member".to_owned()]);
    let found = connection.ask(search.into()).await.unwrap();
    let mut members = found.entries[0].values("member").to_vec();
    members.sort();
    members.dedup();
    assert_eq!(members.len(), 3000);

    // Somebody in more groups than come at once.
    let directory = directory(&[&controller]);
    let accounts = read(&directory, &["memberOf"]).await;
    assert_eq!(accounts.len(), 3000);
    let account = accounts
        .iter()
        .find(|account| account.dn == Dn::from_server(&busy))
        .unwrap();
    assert_eq!(account.attributes.get(AttributeIndex(0)).count(), 3001);
    // What was written is seen among them.
    let account = AccountRef {
        id: account.id.clone(),
        dn: account.dn.clone(),
    };
    let group = Dn::from_server("CN=Extra,DC=corp,DC=test");
    domain.add_group(group.as_str()).unwrap();
    done(
        &directory,
        on(&account, Action::AddToGroups { group: group.clone() }),
    )
    .await;
    done(&directory, on(&account, Action::RemoveFromGroups { group })).await;
}

#[tokio::test]
async fn windows_refusals_are_told_in_our_words() {
    let (domain, _folder) = domain(|_| ());
    let controller = domain.controller().await.unwrap();
    let directory = directory(&[&controller]);
    let ada = done(&directory, user("ada", GOOD)).await;
    let no = async |write| refused(&apply_one(&directory, write).await);
    insta::assert_snapshot!(no(user("bob", "short")).await, @"the password does not meet the domain's policy (53 0000052D)");
    let mut twin = user("ada", GOOD);
    if let Action::CreateAccount { dn, .. } = &mut twin.action {
        *dn = Dn::from_server("CN=other,OU=People,DC=corp,DC=test");
    }
    insta::assert_snapshot!(no(twin).await, @"the name is already taken; the server says: 00000524: UpdErr: DSID-031A11E2, problem 6005 (ENTRY_EXISTS), data 0 (68 00000524)");
    insta::assert_snapshot!(no(user("ada", GOOD)).await, @"the name is already taken; the server says: 00002071: UpdErr: DSID-031A11E2, problem 6005 (ENTRY_EXISTS), data 0 (68 00002071)");
    done(&directory, user("eve", GOOD)).await;
    insta::assert_snapshot!(no(on(&ada, change("userPrincipalName", &["ada@corp.test"], &["eve@corp.test"]))).await, @"the userPrincipalName is already in use in the forest (19 000021C8)");
    insta::assert_snapshot!(no(on(&ada, change("displayName", &[], &["x".repeat(300).as_str()]))).await, @"a value is longer or shorter than its attribute allows; the server says: 00002082: AtrErr: DSID-03191083, #1:0: 00002082: DSID-03191083, problem 1005 (CONSTRAINT_ATT_TYPE), data 0, Att 0 (displayname) (19 00002082)");
    insta::assert_snapshot!(no(on(&ada, change("noSuchThing", &[], &["x"]))).await, @"the directory's schema has no such attribute; the server says: 00000057: LdapErr: DSID-0C090D8A, comment: Error in attribute conversion operation, data 0, v4563 (16 00000057)");
    insta::assert_snapshot!(no(on(&ada, move_to(&ada, "CN=ada,OU=Nowhere,DC=corp,DC=test"))).await, @"the container does not exist (32 0000208D)");
    insta::assert_snapshot!(no(on(&ada, change("manager", &[], &["CN=Nobody,DC=corp,DC=test"]))).await, @"an object that is referred to does not exist; the server says: 000020B5: AtrErr: DSID-03191083, #1:0: 000020B5: DSID-03191083, problem 1005 (CONSTRAINT_ATT_TYPE), data 0, Att 0 (manager) (19 000020B5)");
    let group = Dn::from_server("CN=Nobody,DC=corp,DC=test");
    insta::assert_snapshot!(no(on(&ada, Action::AddToGroups { group })).await, @"the object does not exist (32 0000208D)");
    let wrong = LdapSettings {
        credentials: settings(&[&controller]).credentials.map(|mut credentials| {
            credentials.password = tenure_core::secret::Secret::new("wrong".to_owned());
            credentials
        }),
        ..settings(&[&controller])
    };
    insta::assert_snapshot!(directory_with(wrong, BASE).read(&dictionary(&[]), &mut Vec::new()).await.unwrap_err().said.replace(&controller.url(), "DC"), @"DC refused: the name or the password is wrong (49 80090308 data 52e)");
    // Two memberships at once, which Windows refuses and we do not mind.
    domain.add_group("CN=Staff,DC=corp,DC=test").unwrap();
    let group = Dn::from_server("CN=Staff,DC=corp,DC=test");
    for _ in 0..2 {
        done(&directory, on(&ada, Action::AddToGroups { group: group.clone() })).await;
    }
    for _ in 0..2 {
        done(
            &directory,
            on(&ada, Action::RemoveFromGroups { group: group.clone() }),
        )
        .await;
    }
}

#[tokio::test]
async fn a_deleted_user_comes_back_from_the_recycle_bin_with_everything() {
    let (domain, _folder) = domain(|_| ());
    let controller = domain.controller().await.unwrap();
    let directory = directory(&[&controller]);
    let ada = done(&directory, user("ada", GOOD)).await;
    domain.add_group("CN=Staff,DC=corp,DC=test").unwrap();
    let group = Dn::from_server("CN=Staff,DC=corp,DC=test");
    done(&directory, on(&ada, Action::AddToGroups { group })).await;
    done(&directory, on(&ada, change("mail", &[], &["ada@corp.test"]))).await;
    done(&directory, on(&ada, delete(&ada))).await;
    assert!(read(&directory, &["mail"]).await.is_empty());

    let mut connection = Connection::open(&settings(&[&controller])).await.unwrap();
    let mut look: Request =
        Search::object(&format!("<GUID={}>", ada.id), vec!["lastKnownParent".to_owned()]).into();
    assert!(connection.ask(look.clone()).await.unwrap().entries.is_empty());
    look.controls.push(Control::show_deleted());
    let tomb = connection.ask(look).await.unwrap().entries.remove(0);
    assert_eq!(tomb.text("lastKnownParent"), Some(PEOPLE));
    let mut restore = Request::from(Operation::Modify {
        dn: tomb.dn,
        changes: vec![
            Change {
                kind: ChangeKind::Delete,
                attribute: Attribute {
                    name: "isDeleted".to_owned(),
                    values: Vec::new(),
                },
            },
            Change {
                kind: ChangeKind::Replace,
                attribute: Attribute::single("distinguishedName", ada.dn.as_str()),
            },
        ],
    });
    restore.controls.push(Control::show_deleted());
    assert_eq!(
        connection.ask(restore).await.unwrap().result.code,
        ResultCode::SUCCESS
    );
    let accounts = read(&directory, &["mail", "memberOf"]).await;
    assert_eq!(accounts.len(), 1);
    assert_eq!((&accounts[0].id, &accounts[0].dn), (&ada.id, &ada.dn));
    let values: Vec<&str> = accounts[0].attributes.iter().map(|(_, value)| value).collect();
    assert_eq!(values, ["ada@corp.test", "CN=Staff,DC=corp,DC=test"]);
}

#[tokio::test]
async fn the_simulated_directory_carries_out_every_action_and_shows_it() {
    let (domain, _folder) = domain(|_| ());
    domain.add_unit("OU=Left,DC=corp,DC=test").unwrap();
    domain.add_group("CN=Staff,DC=corp,DC=test").unwrap();
    let controller = domain.controller().await.unwrap();
    let directory = directory(&[&controller]);
    let signs_in = async |password: &str| {
        let mut settings = settings(&[&controller]);
        let credentials = settings.credentials.as_mut().unwrap();
        credentials.name = "ada@corp.test".to_owned();
        credentials.password = tenure_core::secret::Secret::new(password.to_owned());
        Connection::open(&settings).await.is_ok()
    };
    let ada = done(&directory, user("ada", GOOD)).await;
    assert!(signs_in(GOOD).await && !signs_in("another").await);
    let shown = |dn: &Dn, name: &str| domain.values(dn.as_str(), name).join("|");

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
    assert_eq!(shown(&ada.dn, "title"), "Countess");
    assert_eq!(shown(&ada.dn, "otherTelephone"), "2|4");
    // Somebody else was there before.
    let applied = apply_one(&directory, on(&ada, change("title", &["Clerk"], &["Boss"]))).await;
    assert!(
        matches!(applied.outcome, Outcome::Overtaken { .. }),
        "{applied:?}"
    );
    done(&directory, on(&ada, change("title", &["Countess"], &[]))).await;
    assert_eq!(shown(&ada.dn, "title"), "");

    let ada = done(
        &directory,
        on(&ada, move_to(&ada, &format!("CN=Byrne\\, Ada,{PEOPLE}"))),
    )
    .await;
    let left = "CN=Byrne\\, Ada,OU=Left,DC=corp,DC=test";
    let ada = done(&directory, on(&ada, move_to(&ada, left))).await;
    assert_eq!(shown(&ada.dn, "cn"), "Byrne, Ada");
    done(&directory, on(&ada, Action::Disable)).await;
    assert_eq!(shown(&ada.dn, "userAccountControl"), "514");
    assert!(!signs_in(GOOD).await);
    done(&directory, on(&ada, Action::Enable)).await;
    assert!(signs_in(GOOD).await);
    let group = Dn::from_server("CN=Staff,DC=corp,DC=test");
    done(&directory, on(&ada, Action::AddToGroups { group: group.clone() })).await;
    assert_eq!(shown(&ada.dn, "memberOf"), "CN=Staff,DC=corp,DC=test");
    done(&directory, on(&ada, Action::RemoveFromGroups { group })).await;
    assert_eq!(shown(&ada.dn, "memberOf"), "");

    for _ in 0..2 {
        done(&directory, on(&ada, delete(&ada))).await;
    }
    assert_eq!(domain.users(), 0);
    let applied = apply_one(&directory, on(&ada, Action::Enable)).await;
    assert_eq!(refused(&applied), "the object does not exist (32)");
}

/// Another client than ours, which has never seen the simulator.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openldaps_client_reads_the_simulated_directory() {
    let (domain, _folder) = domain(|options| options.tls = None);
    domain.populate(PEOPLE, 1200);
    let controller = domain.controller().await.unwrap();
    let url = controller.url();
    let search = async |arguments: &[&str]| {
        let mut command = tokio::process::Command::new("ldapsearch");
        command.args(["-x", "-LLL", "-o", "ldif-wrap=no", "-H", &url, "-b", BASE]);
        command.args(["-D", "administrator@corp.test", "-w", "Passw0rd!Sim"]);
        let ended = command.args(arguments).output().await.unwrap();
        (ended.status.code(), String::from_utf8(ended.stdout).unwrap())
    };
    let entries = |text: &str| text.lines().filter(|line| line.starts_with("dn: ")).count();
    let (code, text) = search(&["(objectClass=user)", "mail"]).await;
    assert_eq!((code, entries(&text)), (Some(4), 1000));
    let (code, text) = search(&["-E", "pr=500/noprompt", "(objectClass=user)", "mail"]).await;
    assert_eq!((code, entries(&text)), (Some(0), 1200));
    let enabled = "(&(sAMAccountName=user00000*)(!(userAccountControl:1.2.840.113556.1.4.803:=2)))";
    let (code, text) = search(&[enabled, "employeeID"]).await;
    assert_eq!((code, entries(&text)), (Some(0), 10));
    assert!(text.contains("employeeID: E000009\n"), "{text}");
    domain.delete(&format!("CN=user000007,{PEOPLE}")).unwrap();
    let deleted = [
        "-E",
        "!1.2.840.113556.1.4.417",
        "(isDeleted=TRUE)",
        "lastKnownParent",
    ];
    let (_, text) = search(&deleted).await;
    assert_eq!(entries(&text), 1, "{text}");
}
