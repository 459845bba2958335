//! A certificate authority of the lab's own, and certificates for servers on loopback.

use std::{
    fmt::Write as _,
    fs,
    net::IpAddr,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{LabError, process::run, programs, templates::template};

/// What makes the authority's own certificate.
const AUTHORITY: &str = "[req]
distinguished_name = name
x509_extensions = extensions
prompt = no
[name]
CN = Tenure lab authority
[extensions]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
";

/// The lab's certificate authority: one per checkout, made on first use.
#[derive(Clone, Debug)]
pub struct Authority {
    certificate: PathBuf,
    key: PathBuf,
}

/// A server's certificate and its private key, both PEM files.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// The certificate; the authority that signed it is not in the file.
    pub certificate: PathBuf,
    /// The private key (PKCS #8), readable by its owner only.
    pub key: PathBuf,
}

impl Authority {
    /// The authority that signs the certificates of all servers of the lab.
    pub fn shared() -> Result<Self, LabError> {
        let folder = template("authority", AUTHORITY, |folder| {
            let (certificate, key) = (folder.join("ca.pem"), folder.join("ca.key"));
            make(
                folder,
                "ca",
                AUTHORITY,
                &["-out".as_ref(), &certificate, "-keyout".as_ref(), &key],
            )
        })?;
        Ok(Self {
            certificate: folder.join("ca.pem"),
            key: folder.join("ca.key"),
        })
    }

    /// The authority's certificate, for clients to trust.
    pub fn ca_pem_path(&self) -> &Path {
        &self.certificate
    }

    /// Signs a new certificate for a server known by these names and addresses, and writes it with its key into
    /// `folder` as `server.pem` and `server.key`.
    pub fn issue(
        &self,
        folder: &Path,
        names: &[&str],
        addresses: &[IpAddr],
    ) -> Result<Certificate, LabError> {
        let known_as: Vec<String> = names
            .iter()
            .map(|name| format!("DNS:{name}"))
            .chain(addresses.iter().map(|address| format!("IP:{address}")))
            .collect();
        let mut config =
            String::from("[req]\ndistinguished_name = name\nx509_extensions = extensions\nprompt = no\n");
        let common_name = names.first().copied().unwrap_or("localhost");
        let _ = write!(
            config,
            "[name]\nCN = {common_name}\n[extensions]\nbasicConstraints = critical, CA:FALSE\n\
             keyUsage = critical, digitalSignature\nextendedKeyUsage = serverAuth\n\
             subjectKeyIdentifier = hash\nauthorityKeyIdentifier = keyid\nsubjectAltName = {}\n",
            known_as.join(", ")
        );
        let made = Certificate {
            certificate: folder.join("server.pem"),
            key: folder.join("server.key"),
        };
        let signed_by: [&Path; 4] = ["-CA".as_ref(), &self.certificate, "-CAkey".as_ref(), &self.key];
        let into: [&Path; 4] = ["-out".as_ref(), &made.certificate, "-keyout".as_ref(), &made.key];
        make(folder, "server", &config, &[signed_by, into].concat())?;
        Ok(made)
    }
}

impl Certificate {
    /// A certificate of its own by which a program called `name` is known, with an RSA key made now, in `folder` as
    /// `NAME.pem` and `NAME.key`.
    pub fn of_program(folder: &Path, name: &str) -> Result<Self, LabError> {
        let made = Self {
            certificate: folder.join(format!("{name}.pem")),
            key: folder.join(format!("{name}.key")),
        };
        let mut command = Command::new(programs::find("openssl")?);
        command
            .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30"])
            .args(["-subj", &format!("/CN={name}")])
            .arg("-out")
            .arg(&made.certificate)
            .arg("-keyout")
            .arg(&made.key);
        run("making a program's certificate", command)?;
        Ok(made)
    }
}

/// Makes a key on P-256 and a certificate for it. `openssl` writes keys readable by their owner only.
fn make(folder: &Path, name: &str, config: &str, arguments: &[&Path]) -> Result<(), LabError> {
    let config_path = folder.join(format!("{name}.cnf"));
    fs::write(&config_path, config).map_err(LabError::file("writing", &config_path))?;
    let mut command = Command::new(programs::find("openssl")?);
    command
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "3650",
        ])
        .arg("-config")
        .arg(config_path)
        .args(arguments);
    run("making a certificate", command).map(drop)
}
