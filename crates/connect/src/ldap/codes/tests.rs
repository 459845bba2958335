use super::*;
use rstest::rstest;

fn result(code: u32, diagnostic: &str) -> LdapResult {
    LdapResult {
        code: ResultCode(code),
        matched: String::new(),
        diagnostic: diagnostic.to_owned(),
        referrals: Vec::new(),
        name: None,
    }
}

#[rstest]
// Samba's and Windows' ways of saying the same.
#[case(
    Doing::Create,
    19,
    "0000052D: Constraint violation - check_password_restrictions: too short",
    "19 0000052D: the password does not meet the domain's policy"
)]
#[case(
    Doing::Create,
    53,
    "0000052D: SvcErr: DSID-031A12D2, problem 5003 (WILL_NOT_PERFORM), data 0",
    "53 0000052D: the password does not meet the domain's policy"
)]
#[case(
    Doing::Modify,
    19,
    "00000056: AtrErr: DSID-03191083, #1",
    "19 00000056: the old password is not right"
)]
#[case(
    Doing::Create,
    53,
    "00002035: setup_io: it's not allowed to set the NT hash password directly'",
    "53 00002035: the server does not allow this to be written"
)]
#[case(
    Doing::Create,
    53,
    "0000001F: SvcErr: DSID-031A12D2, problem 5003 (WILL_NOT_PERFORM), data 0",
    "53 0000001F: the server takes passwords on an encrypted connection only"
)]
#[case(
    Doing::Create,
    68,
    "Entry CN=a already exists",
    "68: there is an object of this name already"
)]
#[case(
    Doing::Move,
    68,
    "Entry CN=a already exists",
    "68: there is an object of this name already"
)]
#[case(
    Doing::Create,
    68,
    "00002071: samldb: samAccountName 'alice' already in use!",
    "68 00002071: the name is already taken"
)]
#[case(
    Doing::Create,
    68,
    "00000524: UpdErr: DSID-031A11E2, problem 6005 (ENTRY_EXISTS), data 0",
    "68 00000524: the name is already taken"
)]
#[case(
    Doing::Create,
    19,
    "0000202F: samldb: userPrincipalName '..' is already in use",
    "19 0000202F: a value breaks one of the domain's rules"
)]
#[case(
    Doing::Create,
    19,
    "000021C8: AtrErr: DSID-03200EDB",
    "19 000021C8: the userPrincipalName is already in use in the forest"
)]
#[case(
    Doing::Create,
    32,
    "00002030: objectclass: Cannot add, parent does not exist!",
    "32 00002030: the container does not exist"
)]
#[case(
    Doing::Create,
    32,
    "0000208D: NameErr: DSID-03100238, problem 2001 (NO_OBJECT), data 0",
    "32 0000208D: the container does not exist"
)]
#[case(
    Doing::Move,
    80,
    "00002095: Cannot rename",
    "80 00002095: the container does not exist"
)]
#[case(
    Doing::Modify,
    32,
    "00002030: No such Base DN",
    "32 00002030: the object does not exist"
)]
#[case(
    Doing::Read,
    32,
    "acl_read: Error retrieving instanceType for base.",
    "32: the object or search base does not exist"
)]
#[case(
    Doing::Modify,
    16,
    "0000200A: was not found in the schema!",
    "16 0000200A: the directory's schema has no such attribute"
)]
#[case(
    Doing::Modify,
    16,
    "00000057: LdapErr: DSID-0C090D8A, comment: Error in attribute conversion operation",
    "16 00000057: the directory's schema has no such attribute"
)]
#[case(
    Doing::Modify,
    21,
    "0000200B: contains at least one invalid value!",
    "21 0000200B: a value is too long or not of the form that its attribute has"
)]
#[case(
    Doing::Modify,
    21,
    "Element displayName has empty attribute",
    "21: a value is too long, empty, or not of the form that its attribute has"
)]
#[case(
    Doing::Modify,
    19,
    "00002082: AtrErr: DSID-03151C6D",
    "19 00002082: a value is longer or shorter than its attribute allows"
)]
#[case(
    Doing::Modify,
    20,
    "0000200D: SINGLE-VALUE attribute",
    "20 0000200D: the attribute can have one value only, or has the value already"
)]
#[case(
    Doing::Modify,
    16,
    "no such attribute for delete",
    "16: the attribute, or the value that was to go, is not there"
)]
#[case(
    Doing::AddMember,
    32,
    "00000525: specified dn doesn't exist",
    "32 00000525: an object that is referred to does not exist"
)]
#[case(
    Doing::Modify,
    19,
    "000020B5: Referenced object not found",
    "19 000020B5: an object that is referred to does not exist"
)]
#[case(
    Doing::AddMember,
    68,
    "Attribute member already exists for target GUID",
    "68: the account is a member already"
)]
#[case(
    Doing::RemoveMember,
    53,
    "Attribute member already deleted for target GUID",
    "53: the account is not a member"
)]
#[case(
    Doing::RemoveMember,
    16,
    "error in module repl_meta_data: No such attribute",
    "16: the account is not a member, or the group is its primary group"
)]
#[case(
    Doing::RemoveMember,
    53,
    "0000055E: SvcErr: DSID-031A120F, problem 5003 (WILL_NOT_PERFORM), data 0",
    "53 0000055E: the group is the account's primary group"
)]
#[case(
    Doing::Modify,
    19,
    "0000202F: can only be modified as system",
    "19 0000202F: a value breaks one of the domain's rules"
)]
#[case(
    Doing::Modify,
    67,
    "00002016: must use 'rename' operation instead",
    "67 00002016: the attribute is part of the object's name"
)]
#[case(
    Doing::Modify,
    50,
    "00002098: Object has no write property access",
    "50 00002098: the account that Tenure signs in with may not do this"
)]
#[case(
    Doing::Delete,
    50,
    "acl: unable to get access",
    "50: the account that Tenure signs in with may not do this"
)]
#[case(
    Doing::Delete,
    66,
    "00002015: subtree_delete: Unable to delete a non-leaf node (it has 2 children)!",
    "66 00002015: the object has others below it"
)]
#[case(
    Doing::Delete,
    80,
    "error in module samldb: Other during LDB_DELETE (80)",
    "80: the server failed without saying why"
)]
#[case(
    Doing::Read,
    50,
    "dN is not one of the naming context",
    "50: the account that Tenure signs in with may not do this"
)]
#[case(
    Doing::Read,
    12,
    "0000202C: bad cookie",
    "12 0000202C: the server does not know a control, or not its value"
)]
#[case(
    Doing::Read,
    53,
    "000020B9: Search filter too complex",
    "53 000020B9: the server finds the filter too complex"
)]
#[case(
    Doing::Read,
    1,
    "00002020: Operation unavailable without authentication",
    "1 00002020: the server wants a sign-in first"
)]
#[case(
    Doing::Read,
    1,
    "000004DC: LdapErr: DSID-0C090A5C",
    "1 000004DC: the server wants a sign-in first"
)]
#[case(
    Doing::Bind,
    8,
    "BindSimple: Transport encryption required.",
    "8: the server takes this on an encrypted connection only"
)]
#[case(
    Doing::Bind,
    49,
    "80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data 52e, v1db1",
    "49 80090308 data 52e: the name or the password is wrong"
)]
#[case(
    Doing::Bind,
    49,
    "80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data 773, v1db1",
    "49 80090308 data 773: the password must be changed first"
)]
#[case(
    Doing::Bind,
    49,
    "80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data 775, v1db1",
    "49 80090308 data 775: the account is locked"
)]
#[case(
    Doing::Bind,
    49,
    "80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data 533, v1db1",
    "49 80090308 data 533: the account is disabled"
)]
#[case(
    Doing::Bind,
    49,
    "80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data 701, v1db1",
    "49 80090308 data 701: the account has expired"
)]
#[case(
    Doing::Bind,
    49,
    "80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data 532, v1db1",
    "49 80090308 data 532: the password has expired"
)]
#[case(Doing::Bind, 49, "", "49: the name or the password is wrong")]
fn codes_are_told_in_our_words(
    #[case] doing: Doing,
    #[case] code: u32,
    #[case] text: &str,
    #[case] says: &str,
) {
    let refusal = explain(doing, &result(code, text));
    let message = refusal.message.split("; the server says").next().unwrap();
    assert_eq!(format!("{}: {message}", refusal.code), says);
}

#[test]
fn an_unknown_code_shows_the_servers_words() {
    let refusal = explain(Doing::Modify, &result(4096, "out of cheese\u{7}"));
    assert_eq!(
        refusal.to_string(),
        "the server refused; the server says: out of cheese (4096)"
    );
}

#[test]
fn only_busy_unavailable_and_unexplained_failures_may_pass() {
    let may_pass = |code, text| Diagnosis::of(&result(code, text)).may_pass();
    assert!(may_pass(51, "0000200E: SvcErr: busy") && may_pass(52, "") && may_pass(80, ""));
    assert!(!may_pass(19, "0000052D: x") && !may_pass(80, "00002095: x") && !may_pass(50, ""));
}

#[test]
fn members_that_are_there_or_gone_are_done() {
    let so = |doing, code, text| Diagnosis::of(&result(code, text)).membership_is_so_already(doing);
    assert!(
        so(Doing::AddMember, 68, "")
            && so(Doing::AddMember, 20, "")
            && so(Doing::AddMember, 68, "00000562: UpdErr")
    );
    assert!(
        so(Doing::RemoveMember, 53, "")
            && so(Doing::RemoveMember, 16, "")
            && so(Doing::RemoveMember, 53, "00000561: SvcErr")
    );
    assert!(
        !so(Doing::RemoveMember, 53, "0000055E: SvcErr")
            && !so(Doing::AddMember, 32, "")
            && !so(Doing::Create, 68, "")
    );
}
