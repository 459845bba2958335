//! What Active Directory refuses, provoked one by one, and what an administrator is told of it. Where Samba and Windows
//! differ, the codes of both are in the tables; here is what can be seen.

use std::fmt::Write as _;

use tenure_connect::ldap::{
    Attribute, Change, ChangeKind, Connection, Control, Criticality, Doing, Filter, Operation, Request,
    Scope, Search, explain,
};
use tenure_core::secret::Secret;
use tenure_lab::SambaDc;

use crate::accounts::samba_ldap;

const ADA: &str = "CN=ada,OU=People,DC=lab,DC=test";
const STAFF: &str = "CN=Staff,OU=People,DC=lab,DC=test";

fn add(dn: &str, attributes: &[(&str, &str)]) -> Operation {
    let mut all = vec![Attribute::single("objectClass", "user")];
    all.extend(
        attributes
            .iter()
            .map(|(name, value)| Attribute::single(name, value)),
    );
    Operation::Add {
        dn: dn.to_owned(),
        attributes: all,
    }
}

fn modify(dn: &str, kind: ChangeKind, name: &str, values: &[&[u8]]) -> Operation {
    let attribute = Attribute {
        name: name.to_owned(),
        values: values.iter().map(|value| value.to_vec()).collect(),
    };
    Operation::Modify {
        dn: dn.to_owned(),
        changes: vec![Change { kind, attribute }],
    }
}

fn password(text: &str) -> Vec<u8> {
    format!("\"{text}\"")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect()
}

fn moved(dn: &str, rdn: &str, above: &str) -> Operation {
    Operation::ModifyDn {
        dn: dn.to_owned(),
        new_rdn: rdn.to_owned(),
        new_superior: Some(above.to_owned()),
    }
}

fn delete(dn: &str) -> Operation {
    Operation::Delete { dn: dn.to_owned() }
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one table of what a domain refuses")]
async fn every_refusal_is_told_in_our_words() {
    use ChangeKind::{Add, Delete, Replace};
    use Doing::{AddMember, Create, Delete as Deleting, Modify, Move, Read, RemoveMember};

    let dc = SambaDc::start().unwrap();
    dc.ldapadd(&format!(
        "dn: OU=People,DC=lab,DC=test\nobjectClass: organizationalUnit\n\n\
         dn: {ADA}\nobjectClass: user\nsAMAccountName: ada\nuserPrincipalName: ada@lab.test\n\n\
         dn: CN=bob,OU=People,DC=lab,DC=test\nobjectClass: user\nsAMAccountName: bob\n\n\
         dn: {STAFF}\nobjectClass: group\nmember: CN=bob,OU=People,DC=lab,DC=test\n"
    ))
    .unwrap();
    let long = "x".repeat(300);
    let photo = [&[0xff, 0xd8, 0xff][..], &vec![7; 110_000]].concat();
    let search = Operation::Search(Search {
        base: "OU=Nowhere,DC=lab,DC=test".to_owned(),
        scope: Scope::Subtree,
        filter: Filter::everything(),
        attributes: Vec::new(),
    });
    let cases: Vec<(&str, Doing, Operation)> = vec![
        ("DN taken", Create, add(ADA, &[("sAMAccountName", "other")])),
        (
            "login taken",
            Create,
            add("CN=x,OU=People,DC=lab,DC=test", &[("sAMAccountName", "ada")]),
        ),
        (
            "UPN taken",
            Create,
            add(
                "CN=x,OU=People,DC=lab,DC=test",
                &[("sAMAccountName", "x"), ("userPrincipalName", "ada@lab.test")],
            ),
        ),
        (
            "login with a slash",
            Create,
            add("CN=x,OU=People,DC=lab,DC=test", &[("sAMAccountName", "a/b")]),
        ),
        (
            "no container",
            Create,
            add("CN=x,OU=Nowhere,DC=lab,DC=test", &[("sAMAccountName", "x")]),
        ),
        (
            "move to no container",
            Move,
            moved(ADA, "CN=ada", "OU=Nowhere,DC=lab,DC=test"),
        ),
        (
            "rename onto another",
            Move,
            moved(ADA, "CN=bob", "OU=People,DC=lab,DC=test"),
        ),
        (
            "password too short",
            Modify,
            modify(ADA, Replace, "unicodePwd", &[&password("a")]),
        ),
        (
            "password too plain",
            Modify,
            modify(ADA, Replace, "unicodePwd", &[&password("aaaaaaaaaaaa")]),
        ),
        (
            "password not quoted",
            Modify,
            modify(ADA, Replace, "unicodePwd", &[b"plain"]),
        ),
        (
            "no object",
            Modify,
            modify("CN=x,OU=People,DC=lab,DC=test", Replace, "title", &[b"x"]),
        ),
        (
            "no object to delete",
            Deleting,
            delete("CN=x,OU=People,DC=lab,DC=test"),
        ),
        ("no base", Read, search),
        (
            "no such attribute type",
            Modify,
            modify(ADA, Replace, "noSuchThing", &[b"x"]),
        ),
        (
            "value too long",
            Modify,
            modify(ADA, Replace, "displayName", &[long.as_bytes()]),
        ),
        (
            "photo too large",
            Modify,
            modify(ADA, Replace, "thumbnailPhoto", &[&photo]),
        ),
        ("empty value", Modify, modify(ADA, Replace, "displayName", &[b""])),
        (
            "two values of one",
            Modify,
            modify(ADA, Replace, "title", &[b"a", b"b"]),
        ),
        (
            "value that is not there",
            Modify,
            modify(ADA, Delete, "title", &[b"a"]),
        ),
        (
            "manager who is not there",
            Modify,
            modify(ADA, Replace, "manager", &[b"CN=x,DC=lab,DC=test"]),
        ),
        (
            "member who is not there",
            AddMember,
            modify(STAFF, Add, "member", &[b"CN=x,DC=lab,DC=test"]),
        ),
        (
            "member already",
            AddMember,
            modify(STAFF, Add, "member", &[b"CN=bob,OU=People,DC=lab,DC=test"]),
        ),
        (
            "not a member",
            RemoveMember,
            modify(STAFF, Delete, "member", &[ADA.as_bytes()]),
        ),
        (
            "primary group",
            RemoveMember,
            modify(
                "CN=Domain Users,CN=Users,DC=lab,DC=test",
                Delete,
                "member",
                &[ADA.as_bytes()],
            ),
        ),
        (
            "memberOf",
            Modify,
            modify(ADA, Add, "memberOf", &[STAFF.as_bytes()]),
        ),
        (
            "objectSid",
            Modify,
            modify(ADA, Replace, "objectSid", &[b"S-1-5-21-1-2-3-4"]),
        ),
        (
            "whenCreated",
            Modify,
            modify(ADA, Replace, "whenCreated", &[b"20200101000000.0Z"]),
        ),
        ("cn", Modify, modify(ADA, Replace, "cn", &[b"x"])),
        ("not empty", Deleting, delete("OU=People,DC=lab,DC=test")),
        ("Administrator", Deleting, delete(dc.admin_dn())),
    ];
    let mut connection = Connection::open(&samba_ldap(&dc)).await.unwrap();
    let mut told = String::new();
    let mut tell = |case: &str, doing: Doing, result: &tenure_connect::ldap::LdapResult| {
        let refusal = explain(doing, result);
        let (ours, _) = refusal
            .message
            .split_once("; the server says")
            .unwrap_or((&refusal.message, ""));
        writeln!(told, "{case}: {ours} ({})", refusal.code).unwrap();
    };
    for (case, doing, operation) in cases {
        let reply = connection.ask(operation.into()).await.unwrap();
        tell(case, doing, &reply.result);
    }
    let unknown = Request {
        operation: delete(ADA),
        controls: vec![Control::raw("1.2.3.4", Criticality::Critical, None)],
    };
    tell(
        "unknown control",
        Deleting,
        &connection.ask(unknown).await.unwrap().result,
    );
    drop(connection);

    // Somebody without rights.
    dc.samba_tool(&["user", "setpassword", "bob", "--newpassword=Winter#2026-x"])
        .unwrap();
    dc.samba_tool(&["user", "enable", "bob"]).unwrap();
    let mut settings = samba_ldap(&dc);
    let credentials = settings.credentials.as_mut().unwrap();
    credentials.name = "bob@lab.test".to_owned();
    credentials.password = Secret::new("Winter#2026-x".to_owned());
    let mut connection = Connection::open(&settings).await.unwrap();
    let reply = connection
        .ask(modify(ADA, Replace, "title", &[b"x"]).into())
        .await
        .unwrap();
    tell("no rights", Modify, &reply.result);
    let reply = connection.ask(delete(ADA).into()).await.unwrap();
    tell("no right to delete", Deleting, &reply.result);
    insta::assert_snapshot!(told, @r"
    DN taken: there is an object of this name already (68)
    login taken: the name is already taken (68 00002071)
    UPN taken: a value breaks one of the domain's rules (19 0000202F)
    login with a slash: a value breaks one of the domain's rules (19 0000202F)
    no container: the container does not exist (32 00002030)
    move to no container: the container does not exist (80 00002095)
    rename onto another: there is an object of this name already (68)
    password too short: the password does not meet the domain's policy (19 0000052D)
    password too plain: the password does not meet the domain's policy (19 0000052D)
    password not quoted: the server does not allow this to be written (53 00002035)
    no object: the object does not exist (32 00002030)
    no object to delete: the object does not exist (32 00002030)
    no base: the object or search base does not exist (32)
    no such attribute type: the attribute, or the value that was to go, is not there (16)
    value too long: a value is too long or not of the form that its attribute has (21 0000200B)
    photo too large: a value is too long or not of the form that its attribute has (21 0000200B)
    empty value: a value is too long, empty, or not of the form that its attribute has (21)
    two values of one: the attribute can have one value only, or has the value already (20 0000200D)
    value that is not there: the attribute, or the value that was to go, is not there (16)
    manager who is not there: an object that is referred to does not exist (19 000020B5)
    member who is not there: an object that is referred to does not exist (32 00000525)
    member already: the account is a member already (68)
    not a member: the account is not a member (53)
    primary group: the account is not a member, or the group is its primary group (16)
    memberOf: the server does not allow this to be written (53 00002035)
    objectSid: the server does not allow this to be written (53 00002035)
    whenCreated: a value breaks one of the domain's rules (19 0000202F)
    cn: the attribute is part of the object's name (67 00002016)
    not empty: the object has others below it (66 00002015)
    Administrator: the server failed without saying why (80)
    unknown control: the server does not know a control, or not its value (12)
    no rights: the account that Tenure signs in with may not do this (50 00002098)
    no right to delete: the account that Tenure signs in with may not do this (50)
    ");
}
