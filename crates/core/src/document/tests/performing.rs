//! Scripts, notifications and mail servers, and the steps that use them.

use super::checked;

#[test]
fn scripts() {
    let found = checked(
        r#"kind: script
name: one
path: ../../bin/sh
arguments: ["{{ a", "{{ secret('x') }}", "{{ exit_code }}", "{{ person.age }}"]
environment: { "a-b": x, TENURE_RUN: y, KEY: "{{ secret('x') }}" }
attributes: [mail, "not one"]
timeout: 2h
success: mail == 'x'
capture: { "1st": "{{ result.id }}", fixed: id, own: "{{ mail }}" }
---
kind: script
name: two
path: /bin/sh
---
kind: script
name: three
path: sub/three.py
success: result.ok
"#,
    );
    insta::assert_snapshot!(found, @"
    error: test.yaml:3:7: script `one`, path: found `../../bin/sh`, which leads elsewhere; write the file as it is called within a folder that the server allows, for example `provision.py`
    error: test.yaml:4:13: script `one`, arguments[0]: found `{{ a`, which is wrong at character 1: `{{` is not closed; write `}}` after the expression
    error: test.yaml:4:21: script `one`, arguments[1]: found a secret in an argument; everybody on the machine can read arguments; write it under `environment`
    error: test.yaml:4:42: script `one`, arguments[2]: found `exit_code`, and there is no result before the script has run; only `success` and `capture` can name it
    error: test.yaml:4:61: script `one`, arguments[3]: found `person.age`; write `person.key` or `person.name`
    error: test.yaml:5:23: script `one`, environment.a-b: found `a-b` as the name of a variable; write letters, digits and `_`, for example `API_KEY`
    error: test.yaml:5:38: script `one`, environment.TENURE_RUN: found `TENURE_RUN`; names that begin with `TENURE_` are Tenure's own; choose another
    error: test.yaml:6:20: script `one`, attributes[1]: found `not one`, which cannot name an attribute; write the LDAP name of an attribute: letters, digits and hyphens, for example `givenName`
    error: test.yaml:7:10: script `one`, timeout: found 7200 seconds; write a span of time from `1s` to `1h`
    error: test.yaml:8:10: script `one`, success: found `mail == 'x'`, which does not ask for what the script leaves; write for example `exit_code == 0` or `result.ok`
    error: test.yaml:8:10: script `one`, success: found `mail`, which is not of what the script leaves; name `exit_code`, `output`, `errors` or `result`, for example `result.id`
    error: test.yaml:9:19: script `one`, capture.1st: found `1st` as a name; write letters, digits and `_`, for example `contact_id`
    error: test.yaml:9:45: script `one`, capture.fixed: found `id`, which is always the same; write for example `{{ result.id }}`
    error: test.yaml:9:54: script `one`, capture.own: found `mail`, which is not of what the script leaves; name `exit_code`, `output`, `errors` or `result`, for example `result.id`
    error: test.yaml:13:7: script `two`, path: found `/bin/sh`, which is not relative; write the file as it is called within a folder that the server allows, for example `provision.py`
    ");
}

#[test]
fn notifications() {
    let found = checked(
        r#"kind: mail_server
name: one
host: smtp://mail.example.com
user: ada
from: nobody
encryption: none
---
kind: notification
name: a
subject: "{{ password }}"
text: "{% if a %}"
---
kind: notification
name: b
server: other
subject: "{{ nowhere(department) }}"
---
kind: notification
name: c
subject: c
html: "{{ secret('x') }}{{ person.age }}{{ captured.none }}"
---
kind: policy
name: p
steps:
  - notify: { template: d, to: [] }
  - notify: { template: c, to: [manager, boss, "{{ mail", "CN=All,", "cn=a,dc=b", a@b] }
  - delete: {}
  - notify: { template: c, to: person }
  - run_script: nobody
---
kind: directory
name: corp
type: local
base: DC=test
---
kind: automation
name: staff
source: people
directory: corp
correlate: [mail]
rules:
  joiner: [{ notify: { template: c, to: person } }]
  mover: [{ run_script: x, after: 3d }]
  leaver: { policy: p }
"#,
    );
    insta::assert_snapshot!(found, @"
    error: test.yaml:3:7: mail_server `one`, host: found `smtp://mail.example.com`; write its name only, for example `mail.example.com`; the port has a field of its own
    error: test.yaml:4:7: mail_server `one`, user: found `user` without `password`; add `password`
    error: test.yaml:5:7: mail_server `one`, from: found `nobody`, which is no address; write for example `Tenure <tenure@example.com>`
    warning: test.yaml:6:13: mail_server `one`, encryption: found `none` for a server that is not this machine; everybody on the way can read messages and passwords; write `starttls` or `tls`
    error: test.yaml:10:10: notification `a`, subject: found the password in a subject; subjects are shown and kept everywhere; write it in `text` or `html`
    error: test.yaml:11:7: notification `a`, text: found a template that is wrong: `if` without `endif`
    error: test.yaml:13:1: notification `b`: found neither `text` nor `html`; write what the message says
    warning: test.yaml:15:9: notification `b`, server: found mail_server `other`, of which there is no usable document; add a document with `kind: mail_server` and `name: other`
    warning: test.yaml:16:10: notification `b`, subject: found lookup `nowhere`, of which there is no usable document; add a document with `kind: lookup` and `name: nowhere`
    warning: test.yaml:21:7: notification `c`, html: found `captured.none`, which no webhook or script captures; add it to `capture` of the webhook or script that comes before
    error: test.yaml:21:7: notification `c`, html: found `person.age`; write `person.key` or `person.name`
    error: test.yaml:21:7: notification `c`, html: found a secret in a message; a message is read by people; the first password is `{{ password }}`
    warning: test.yaml:26:25: policy `p`, steps[0].notify.template: found notification `d`, of which there is no usable document; add a document with `kind: notification` and `name: d`
    error: test.yaml:26:32: policy `p`, steps[0].notify.to: found nobody; write `manager`, `person`, an address or a group
    error: test.yaml:27:42: policy `p`, steps[1].notify.to[1]: found `boss`; write `manager`, `person`, an address such as `hr@example.com`, the distinguished name of a group, or `channel:NAME`
    error: test.yaml:27:48: policy `p`, steps[1].notify.to[2]: found `{{ mail`, which is wrong at character 1: `{{` is not closed; write `}}` after the expression
    error: test.yaml:29:13: policy `p`, steps[3].notify: found a message after the account is deleted; write it before `delete`
    error: test.yaml:30:17: policy `p`, steps[4].run_script: found a script after the account is deleted; write it before `delete`
    warning: test.yaml:30:17: policy `p`, steps[4].run_script: found script `nobody`, of which there is no usable document; add a document with `kind: script` and `name: nobody`
    warning: test.yaml:39:9: automation `staff`, source: found data_source `people`, of which there is no usable document; add a document with `kind: data_source` and `name: people`
    error: test.yaml:43:22: automation `staff`, rules.joiner[0].notify: found a message before there is an account; write it after `create_account`
    error: test.yaml:44:25: automation `staff`, rules.mover[0].run_script: found `after` for a script in a mover rule; such steps wait in joiner and leaver rules only; leave `after` out
    warning: test.yaml:44:25: automation `staff`, rules.mover[0].run_script: found script `x`, of which there is no usable document; add a document with `kind: script` and `name: x`
    ");
}
