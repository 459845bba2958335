//! OpenLDAP does what tests of plain LDAP directories need of it.

use std::{fs, iter};

use tenure_lab::{Durability, LabError, MemberOf, Slapd, SlapdOptions, Tls};

use crate::remains::{processes_of, wait_until_gone};

const ALICE: &str = "dn: uid=alice,dc=lab,dc=test
objectClass: inetOrgPerson
uid: alice
cn: Alice
sn: Example
mail: alice@lab.test
userPassword: secret

";
const GROUP: &str = "dn: cn=staff,dc=lab,dc=test
objectClass: groupOfNames
cn: staff
member: uid=alice,dc=lab,dc=test

";

#[test]
fn slapd_adds_finds_and_modifies_and_leaves_nothing_behind() -> Result<(), LabError> {
    let slapd = Slapd::start(&SlapdOptions::default())?;
    let folder = slapd.folder().to_owned();
    assert!(
        !processes_of(&folder).is_empty(),
        "the server is found while it runs"
    );

    slapd.ldapadd(ALICE)?;
    assert!(slapd.bind_works("uid=alice,dc=lab,dc=test", "secret")?);
    assert!(!slapd.bind_works("uid=alice,dc=lab,dc=test", "Secret")?);
    slapd.ldapmodify(
        "dn: uid=alice,dc=lab,dc=test\nchangetype: modify\nreplace: mail\nmail: alice@example.com\n",
    )?;
    let found = slapd.ldapsearch(&["-b", slapd.base_dn(), "(uid=alice)", "mail"])?;
    assert_eq!(found, "dn: uid=alice,dc=lab,dc=test\nmail: alice@example.com\n\n");
    assert_eq!((slapd.ldaps_url(), slapd.ca_pem_path()), (None, None));

    drop(slapd);
    wait_until_gone(&folder)?;
    assert!(!folder.exists());
    Ok(())
}

#[test]
fn slapd_starts_with_what_a_file_seeds() -> Result<(), LabError> {
    let seed = std::env::temp_dir().join(format!("tenure-lab-seed-{}.ldif", std::process::id()));
    let base = "dn: dc=lab,dc=test\nobjectClass: dcObject\nobjectClass: organization\ndc: lab\no: Lab\n\n";
    let people = (0..2000).map(|n| {
        let person = format!(
            "dn: uid=u{n},dc=lab,dc=test
objectClass: inetOrgPerson
"
        );
        person
            + &format!(
                "uid: u{n}
cn: U {n}
sn: {n}

"
            )
    });
    let ldif: Vec<String> = iter::once(base.to_owned()).chain(people).collect();
    fs::write(&seed, ldif.concat()).expect("the seed can be written");

    let slapd = Slapd::start(&SlapdOptions {
        seed: Some(seed.clone()),
        ..SlapdOptions::default()
    })?;
    fs::remove_file(&seed).expect("the seed can be removed");
    let found = slapd.ldapsearch(&["-b", slapd.base_dn(), "(objectClass=inetOrgPerson)", "1.1"])?;
    assert_eq!(
        found.matches("dn: uid=").count(),
        2000,
        "more than the usual size limit of 500"
    );
    Ok(())
}

#[test]
fn slapd_speaks_tls_and_keeps_member_of_over_a_crash() -> Result<(), LabError> {
    let mut slapd = Slapd::start(&SlapdOptions {
        tls: Tls::On,
        durability: Durability::Durable,
        member_of: MemberOf::On,
        seed: None,
    })?;
    slapd.ldapadd(&[ALICE, GROUP].concat())?;
    slapd.kill();
    slapd.restart()?;

    let url = slapd.ldaps_url().expect("TLS is on");
    for connection in [["-H", &url].as_slice(), &["-ZZ", "-H", &slapd.ldap_url()]] {
        let output = std::process::Command::new("ldapsearch")
            .arg("-x")
            .args(connection)
            .args(["-LLL", "-b", slapd.base_dn(), "(uid=alice)", "memberOf"])
            .env("LDAPTLS_CACERT", slapd.ca_pem_path().expect("TLS is on"))
            .output()
            .expect("ldapsearch runs");
        let found = String::from_utf8_lossy(&output.stdout);
        assert!(
            found.contains("memberOf: cn=staff,dc=lab,dc=test\n"),
            "{connection:?}: {output:?}"
        );
    }
    Ok(())
}

#[test]
fn slapd_refuses_a_seed_that_is_wrong_and_says_why() {
    let seed = std::env::temp_dir().join(format!("tenure-lab-wrong-{}.ldif", std::process::id()));
    fs::write(&seed, ALICE).expect("the seed can be written");
    let error = Slapd::start(&SlapdOptions {
        seed: Some(seed.clone()),
        ..SlapdOptions::default()
    })
    .expect_err("there is no suffix entry");
    fs::remove_file(&seed).expect("the seed can be removed");
    assert!(
        error.to_string().starts_with("loading the directory: "),
        "{error}"
    );
}
