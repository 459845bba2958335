//! Templates with rules, templates that extend each other, named formats, and what directories cannot do.

use super::super::Document;
use super::super::set::Kind;
use super::{checked, good, lines, loaded};

#[test]
fn templates() {
    let found = checked(
        r#"kind: template
name: a
extends: b
container: "OU=x"
rules:
  - when: "department =="
    container: nowhere
    groups: [all]
    override: { company: x }
    attributes: { company: "{{ y" }
reserved: ["*", "a*b", fine*]
copy_from: { account: "CN=Model,DC=x", attributes: [mail, unicodePwd, l, pager] }
unique: { pager: { formats: a, within: container, also_in: [l], suffix: { width: 0, fill: ab } } }
password: { length: 4, words: 9, avoid: "" }
---
kind: template
name: b
extends: c
---
kind: template
name: c
extends: b
password: { style: words, words: 40 }
---
kind: template
name: d
extends: gone
"#,
    );
    insta::assert_snapshot!(found, @"
    error: test.yaml:3:10: template `a`, extends: found templates extend each other in a circle: a -> b -> c -> b; take one of these `extends` out
    error: test.yaml:6:11: template `a`, rules[0].when: found `department ==`, which is wrong at character 12: unexpected end of input, expected expression
    error: test.yaml:7:16: template `a`, rules[0].container: found `nowhere`, which is not a distinguished name; `nowhere` should read `attribute=value`
    error: test.yaml:8:14: template `a`, rules[0].groups[0]: found `all`, which is not the name of a group; only `remove_from_groups: all`, without a list, means all groups
    warning: test.yaml:9:26: template `a`, rules[0].override.company: found `company` in `override` and in `attributes`; a value in `override` always counts; take it out of `attributes`
    error: test.yaml:10:28: template `a`, rules[0].attributes.company: found `{{ y`, which is wrong at character 1: `{{` is not closed; write `}}` after the expression
    error: test.yaml:11:12: template `a`, reserved[0]: found `*` as a name that nobody is given; write a name, or its beginning with `*` at the end, for example `svc-*`
    error: test.yaml:11:17: template `a`, reserved[1]: found `a*b` as a name that nobody is given; write a name, or its beginning with `*` at the end, for example `svc-*`
    error: test.yaml:12:53: template `a`, copy_from.attributes[0]: found `mail`, which is the model account's own; secrets, ids and names are never copied; take it out
    error: test.yaml:12:59: template `a`, copy_from.attributes[1]: found `unicodePwd`, which is the model account's own; secrets, ids and names are never copied; take it out
    error: test.yaml:12:74: template `a`, copy_from.attributes[3]: found `pager`, which is the model account's own; secrets, ids and names are never copied; take it out
    error: test.yaml:13:60: template `a`, unique.pager.also_in: found `also_in` with `within: container`; other attributes are looked at in the whole directory; leave `within` out
    error: test.yaml:13:82: template `a`, unique.pager.suffix.width: found the number 0; write a number from 1 to 10
    error: test.yaml:13:91: template `a`, unique.pager.suffix.fill: found `ab` to fill numbers up; write one character, for example `0`
    error: test.yaml:14:21: template `a`, password.length: found the number 4; write a number from 8 to 128
    warning: test.yaml:14:31: template `a`, password.words: found `words` without `style: words`; it is for `style: words` only; leave it out
    error: test.yaml:18:10: template `b`, extends: found templates extend each other in a circle: b -> c -> b; take one of these `extends` out
    error: test.yaml:22:10: template `c`, extends: found templates extend each other in a circle: c -> b -> c; take one of these `extends` out
    error: test.yaml:23:34: template `c`, password.words: found the number 40; write a number from 4 to 12
    warning: test.yaml:27:10: template `d`, extends: found template `gone`, of which there is no usable document; add a document with `kind: template` and `name: gone`
    ");
}

#[test]
fn templates_and_steps_that_a_directory_cannot_follow() {
    let found = checked(
        r#"kind: data_source
name: people
file: { path: people.json, primary_key: id }
attributes: { givenName: first, department: department }
---
kind: directory
name: open
type: ldap
url: ldaps://ldap.example.com
bind: { user: "cn=admin", password: "{{ secret('x') }}" }
base: DC=example,DC=com
---
kind: template
name: staff
unique: { uid: "{{ givenName }}" }
password: { must_change: true }
licences: [all]
other_licences: revoke
rules:
  - { when: "departmnt == 'IT'", container: "OU=IT,DC=other", enabled: false }
---
kind: template
name: nowhere
---
kind: automation
name: main
source: people
directory: open
correlate: [givenName]
rules:
  joiner:
    - create_account: { template: staff }
    - create_account: { template: nowhere }
      after: 3d
  mover:
    - modify_by_template: staf
    - modify_by_template: staff
  leaver: [{ disable: {} }]
"#,
    );
    insta::assert_snapshot!(found, @"
    error: test.yaml:16:26: template `staff`, password.must_change: found `must_change`, and directory `open` cannot ask for it; leave it out: `type: ldap` has no way to ask for another password at the first sign-in
    error: test.yaml:17:12: template `staff`, licences[0]: found `all`, which is not the name of a licence; name the licences that accounts are to have, for example `SPE_E3`
    error: test.yaml:17:12: template `staff`, licences[0]: found `assign_licences`, which directory `open` of `type: ldap` cannot do; leave it out, or use it with a directory of `type: microsoft365`
    warning: test.yaml:18:17: template `staff`, other_licences: found `other_licences` without `licences` in a rule; it is about licences of rules that do not hold; leave it out
    warning: test.yaml:20:13: template `staff`, rules[0].when: found `departmnt`, to which data_source `people` gives no value; did you mean `department`?
    error: test.yaml:20:45: template `staff`, rules[0].container: found `OU=IT,DC=other`, which is outside of the directory's base; Tenure touches nothing outside of `base` of directory `open`: `DC=example,DC=com`
    error: test.yaml:20:72: template `staff`, rules[0].enabled: found `disable`, and directory `open` does not say how; add `disabled_by: { attribute: …, value: … }` to the directory
    error: test.yaml:22:1: template `nowhere`, container: found no container, in a template that creates accounts; write the container of new accounts, for example `container: OU=Staff,DC=corp,DC=example`
    error: test.yaml:34:14: automation `main`, rules.joiner[1].after: found `after` for `create_account`; accounts are made when people start; a later start is said by `lifecycle.starts`
    warning: test.yaml:36:27: automation `main`, rules.mover[0].modify_by_template: found template `staf`, of which there is no usable document; did you mean `staff`?
    error: test.yaml:38:23: automation `main`, rules.leaver[0].disable: found `disable`, and directory `open` does not say how; add `disabled_by: { attribute: …, value: … }` to the directory
    ");
}

#[test]
fn named_formats_are_put_in_where_they_are_used() {
    let documents = good(
        r#"kind: format
name: first
format: "{{ givenName | lower }}"
---
kind: format
name: login
format: "{{ formats.first | substring(0, 1) }}.{{ sn }}"
---
kind: template
name: staff
container: "OU={{ formats.login }},{{ 'formats.first' }}"
rdn: ["{{ formats.first if formats.first else x.formats.first }}"]
"#,
    );
    let Some(Document::Template(template)) = documents.get(Kind::Template, "staff") else {
        panic!("no template");
    };
    let rdn = template.rdn.as_ref().unwrap().as_slice();
    insta::assert_snapshot!(template.container.as_deref().unwrap(), @"
    OU={{ (givenName | lower) | substring(0, 1) }}.{{ sn }},{{ 'formats.first' }}
    ");
    insta::assert_snapshot!(rdn[0], @"
    {{ (givenName | lower) if (givenName | lower) else x.formats.first }}
    ");
}

#[test]
fn named_formats_that_are_missing_or_go_in_circles_are_errors() {
    let (_, errors) = loaded(
        r#"kind: format
name: a
format: "{{ formats.b }}"
---
kind: format
name: b
format: "x {{ formats.a }}"
---
kind: format
name: text
format: "Mr {{ sn }}"
---
kind: template
name: staff
container: "OU={{ formats.txt }}"
rdn: "{{ formats.text | upper }}"
"#,
    );
    insta::assert_snapshot!(lines(&errors), @"
    error: test.yaml:15:12: template `staff`, container: found `formats.txt`, and there is no such format; did you mean `text`?
    error: test.yaml:16:6: template `staff`, rdn: found `formats.text` in a larger expression, and it has text of its own; write `{{ formats.text }}` by itself, or make `text` one expression
    error: test.yaml:3:9: format `a`, format: found named formats that use each other in a circle: a -> b -> a; write one of them without the others
    error: test.yaml:7:9: format `b`, format: found named formats that use each other in a circle: b -> a -> b; write one of them without the others
    ");
}
