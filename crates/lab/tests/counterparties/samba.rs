//! The Samba domain controller does what tests of Active Directory need of it.

use std::{net::TcpStream, time::Duration};

use tenure_lab::{Complexity, LabError, SambaDc, wait_until};

use crate::remains::{processes_of, wait_until_gone};

/// A password has to be sent as UTF-16 in quotes and base64; this is `"Winter#2026"`.
const ALICE: &str = "dn: CN=Alice,CN=Users,DC=lab,DC=test
objectClass: user
sAMAccountName: alice
userPrincipalName: alice@lab.test
userAccountControl: 512
unicodePwd:: IgBXAGkAbgB0AGUAcgAjADIAMAAyADYAIgA=
";
/// `"abc"`, which no default policy takes.
const SHORT_PASSWORD: &str = "dn: CN=Alice,CN=Users,DC=lab,DC=test
changetype: modify
replace: unicodePwd
unicodePwd:: IgBhAGIAYwAiAA==
";

#[test]
fn samba_adds_a_user_who_can_sign_in_and_leaves_nothing_behind() -> Result<(), LabError> {
    let dc = SambaDc::start()?;
    let folder = dc.folder().to_owned();
    assert!(
        !processes_of(&folder).is_empty(),
        "the server is found while it runs"
    );

    dc.ldapadd(ALICE)?;
    assert!(dc.bind_works("alice@lab.test", "Winter#2026")?);
    assert!(dc.bind_works("CN=Alice,CN=Users,DC=lab,DC=test", "Winter#2026")?);
    assert!(!dc.bind_works("alice@lab.test", "Summer#2026")?);
    assert!(!dc.bind_works("alice@lab.test", "")?);
    assert!(dc.bind_works(dc.admin_dn(), dc.admin_password())?);
    let found = dc.ldapsearch(&["-b", dc.base_dn(), "(sAMAccountName=alice)", "userPrincipalName"])?;
    assert!(found.contains("userPrincipalName: alice@lab.test\n"), "{found}");

    drop(dc);
    wait_until_gone(&folder)?;
    assert!(!folder.exists());
    Ok(())
}

#[test]
fn samba_enforces_the_password_policy_it_is_given() -> Result<(), LabError> {
    let dc = SambaDc::start()?;
    dc.ldapadd(ALICE)?;

    let refused = dc.ldapmodify(SHORT_PASSWORD).map_err(|error| error.to_string());
    assert!(
        refused.as_ref().is_err_and(|said| said.contains("0000052D")),
        "{refused:?}"
    );
    dc.set_password_policy(3, Complexity::NotRequired)?;
    dc.ldapmodify(SHORT_PASSWORD)?;
    assert!(dc.bind_works("alice@lab.test", "abc")?);

    let settings = dc.samba_tool(&["domain", "passwordsettings", "show"])?;
    assert!(settings.contains("Minimum password length: 3\n"), "{settings}");
    assert!(
        settings.contains("Minimum password age (days): 0\n"),
        "{settings}"
    );
    assert!(settings.contains("Password complexity: off\n"), "{settings}");
    assert!(
        settings.contains("Account lockout threshold (attempts): 0\n"),
        "{settings}"
    );
    Ok(())
}

#[test]
fn samba_keeps_its_data_and_address_over_a_crash() -> Result<(), LabError> {
    let mut dc = SambaDc::start()?;
    dc.ldapadd(ALICE)?;
    let url = dc.ldaps_url();

    dc.kill();
    wait_until("the port to close", Duration::from_secs(10), || {
        TcpStream::connect((dc.ip(), 636)).is_err()
    })?;
    dc.bind_works("alice@lab.test", "Winter#2026")
        .expect_err("nobody answers");
    dc.restart()?;
    assert_eq!(dc.ldaps_url(), url);
    assert!(dc.bind_works("alice@lab.test", "Winter#2026")?);
    Ok(())
}

#[test]
fn samba_controllers_run_side_by_side() -> Result<(), LabError> {
    let (one, other) = (SambaDc::start()?, SambaDc::start()?);
    assert_ne!(one.ip(), other.ip());
    one.ldapadd(ALICE)?;
    assert!(one.bind_works("alice@lab.test", "Winter#2026")?);
    assert!(!other.bind_works("alice@lab.test", "Winter#2026")?);
    Ok(())
}

#[test]
fn samba_takes_simple_binds_after_start_tls_only() -> Result<(), LabError> {
    let dc = SambaDc::start()?;
    let base_search = ["-LLL", "-s", "base", "-b", dc.base_dn(), "1.1"];
    let search = |options: &[&str]| {
        std::process::Command::new("ldapsearch")
            .args([
                "-x",
                "-H",
                &dc.ldap_url(),
                "-D",
                dc.admin_user(),
                "-w",
                dc.admin_password(),
            ])
            .args(options)
            .args(base_search)
            .env("LDAPTLS_CACERT", dc.ca_pem_path())
            .output()
            .map(|output| output.status.code())
    };
    // 8 is strongerAuthRequired (RFC 4511, section 4.1.9).
    assert_eq!(search(&[]).expect("ldapsearch runs"), Some(8));
    assert_eq!(search(&["-ZZ"]).expect("ldapsearch runs"), Some(0));
    Ok(())
}

/// As Exchange's set-up would, for the one attribute a test needs.
const EXTENDED_SCHEMA: [&str; 2] = [
    "dn: CN=ms-Exch-Hide-From-Address-Lists,CN=Schema,CN=Configuration,DC=lab,DC=test
changetype: add
objectClass: attributeSchema
lDAPDisplayName: msExchHideFromAddressLists
attributeID: 1.2.840.113556.1.4.7000.102.73
attributeSyntax: 2.5.5.8
oMSyntax: 1
isSingleValued: TRUE

dn:
changetype: modify
replace: schemaUpdateNow
schemaUpdateNow: 1
",
    "dn: CN=User,CN=Schema,CN=Configuration,DC=lab,DC=test
changetype: modify
add: mayContain
mayContain: msExchHideFromAddressLists

dn:
changetype: modify
replace: schemaUpdateNow
schemaUpdateNow: 1
",
];

#[test]
fn samba_schema_can_be_extended() -> Result<(), LabError> {
    let dc = SambaDc::start()?;
    for step in EXTENDED_SCHEMA {
        dc.ldapmodify(step)?;
    }
    dc.ldapadd(&[ALICE, "msExchHideFromAddressLists: TRUE\n"].concat())?;
    let found = dc.ldapsearch(&[
        "-b",
        dc.base_dn(),
        "(sAMAccountName=alice)",
        "msExchHideFromAddressLists",
    ])?;
    assert!(found.contains("msExchHideFromAddressLists: TRUE\n"), "{found}");
    Ok(())
}
