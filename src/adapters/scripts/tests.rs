use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::manifest::MANIFEST;
use super::*;
use crate::domain::digest::Digest;

fn shipped_directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("infra-scripts")
}

fn shipped() -> Scripts {
    Scripts::load(&shipped_directory()).unwrap()
}

fn name(text: &str) -> ScriptName {
    ScriptName::parse(text).unwrap()
}

fn values(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
        .collect()
}

async fn run(script: &str, pairs: &[(&str, &str)]) -> Result<Output, ScriptError> {
    let cancel = CancellationToken::new();
    shipped()
        .run(&name(script), &values(pairs), &cancel, |_, _| {})
        .await
}

/// A directory with one script and the manifest of it.
struct Directory(TempDir);

impl Directory {
    fn new(script: &str) -> Self {
        let directory = Self(tempfile::tempdir().unwrap());
        directory.write("hello.sh", script);
        let digest = Digest::of_bytes(script.as_bytes());
        directory.manifest("hello.sh", digest.as_str().trim_start_matches("sha256:"));
        directory
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.0.path().join(file);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn manifest(&self, file: &str, sha256: &str) {
        self.write(
            MANIFEST,
            &format!(
                "[[script]]\nname = \"hello\"\nfile = \"{file}\"\nsha256 = \"{sha256}\"\n\
                 description = \"Says hello.\"\ntimeout_seconds = 5\nside_effects = false\n\
                 [[script.arguments]]\nname = \"whom\"\npattern = '[a-z]+|[0-9]+'\n\
                 description = \"whom to greet\"\n"
            ),
        );
    }

    fn load(&self) -> Result<Scripts, ManifestError> {
        Scripts::load(self.0.path())
    }

    fn mistakes(&self) -> Vec<String> {
        self.load().unwrap_err().mistakes
    }
}

const HELLO: &str = "#!/bin/sh\necho \"hello $1\"\n";

#[test]
fn the_shipped_manifest_is_true() {
    let names: Vec<String> = shipped().iter().map(|s| s.name.to_string()).collect();
    assert_eq!(
        names,
        ["certificate-expiry", "disk-headroom", "port-listening"]
    );
}

#[test]
fn every_shipped_script_is_in_the_manifest() {
    let scripts = shipped();
    for entry in fs::read_dir(shipped_directory()).unwrap() {
        let path = entry.unwrap().path();
        let listed = scripts.iter().any(|script| script.path == path);
        assert!(listed || path.ends_with(MANIFEST), "{}", path.display());
    }
}

#[tokio::test]
async fn a_directory_may_be_given_relative_to_ours() {
    let scripts = Scripts::load(Path::new("infra-scripts")).unwrap();
    let values = values(&[("path", "/"), ("mebibytes", "1")]);
    let cancel = CancellationToken::new();
    let script = name("disk-headroom");
    scripts
        .run(&script, &values, &cancel, |_, _| {})
        .await
        .unwrap();
}

#[tokio::test]
async fn disk_headroom_tells_enough_from_too_little() {
    let path = ("path", "/");
    let enough = run("disk-headroom", &[path, ("mebibytes", "1")])
        .await
        .unwrap();
    assert!(enough.stdout.text().ends_with("MiB free on /\n"));
    let too_little = run("disk-headroom", &[path, ("mebibytes", "9999999999")]).await;
    assert!(
        matches!(&too_little, Err(ScriptError::Process(ProcessError::Exit { code: 1, stderr, .. })) if stderr.contains("are needed")),
        "{too_little:?}"
    );
    let nowhere = run(
        "disk-headroom",
        &[("path", "/no/such/path"), ("mebibytes", "1")],
    )
    .await;
    assert!(
        matches!(
            nowhere,
            Err(ScriptError::Process(ProcessError::Exit { code: 2, .. }))
        ),
        "{nowhere:?}"
    );
}

#[tokio::test]
async fn port_listening_tells_an_open_port_from_a_closed_one() {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        // A machine may have no IPv6.
        let Ok(listener) = TcpListener::bind(address) else {
            continue;
        };
        let port = listener.local_addr().unwrap().port().to_string();
        run("port-listening", &[("port", &port)]).await.unwrap();
        drop(listener);
        let closed = run("port-listening", &[("port", &port)]).await;
        assert!(
            matches!(
                closed,
                Err(ScriptError::Process(ProcessError::Exit { code: 1, .. }))
            ),
            "{closed:?}"
        );
    }
}

#[tokio::test]
async fn certificate_expiry_says_when_no_certificate_is_shown() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    drop(listener);
    let arguments = [
        ("host", "127.0.0.1"),
        ("port", port.as_str()),
        ("days", "7"),
    ];
    let outcome = run("certificate-expiry", &arguments).await;
    assert!(
        matches!(&outcome, Err(ScriptError::Process(ProcessError::Exit { code: 2, stderr, .. })) if stderr.contains("shows no certificate")),
        "{outcome:?}"
    );
}

/// A real TLS server with a certificate of five days; stopped when dropped.
struct TlsServer {
    process: std::process::Child,
    port: String,
    _keys: TempDir,
}

impl TlsServer {
    /// None where there is no openssl.
    fn start() -> Option<Self> {
        let keys = tempfile::tempdir().unwrap();
        let openssl = |line: &str| {
            let mut openssl = std::process::Command::new("openssl");
            openssl.current_dir(&keys).args(line.split(' '));
            openssl
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            openssl
        };
        let certificate =
            "req -x509 -newkey rsa:2048 -nodes -keyout key -out cert -days 5 -subj /CN=x";
        openssl(certificate).status().ok()?;
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let serve = format!("s_server -accept 127.0.0.1:{port} -key key -cert cert -quiet");
        let process = openssl(&serve).spawn().unwrap();
        let server = Self {
            process,
            port: port.to_string(),
            _keys: keys,
        };
        let deadline = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(
                Instant::now() < deadline,
                "openssl s_server does not listen"
            );
            std::thread::sleep(Duration::from_millis(10));
        }
        Some(server)
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        // It is our own child, and there is nothing to be done if it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn certificate_expiry_tells_a_lasting_certificate_from_one_that_ends_soon() {
    let Some(server) = TlsServer::start() else {
        eprintln!("not tried: there is no openssl here");
        return;
    };
    let check = async |days| {
        let arguments = [
            ("host", "127.0.0.1"),
            ("port", server.port.as_str()),
            ("days", days),
        ];
        run("certificate-expiry", &arguments).await
    };
    check("3").await.unwrap();
    let soon = check("10").await;
    assert!(
        matches!(&soon, Err(ScriptError::Process(ProcessError::Exit { code: 1, stderr, .. })) if stderr.contains("within 10 days")),
        "{soon:?}"
    );
}

#[test]
fn a_call_is_the_path_and_the_values_in_order() {
    let values = values(&[("mebibytes", "512"), ("path", "/var/lib")]);
    let command = shipped().command(&name("disk-headroom"), &values).unwrap();
    let args: Vec<_> = command.get_args().collect();
    assert_eq!(args, ["/var/lib", "512"]);
}

#[test]
fn unknown_missing_and_unfitting_arguments_are_refused_together() {
    let call = |pairs: &[(&str, &str)]| {
        let scripts = shipped();
        match scripts.command(&name("disk-headroom"), &values(pairs)) {
            Err(ScriptError::Arguments { mistakes, .. }) => mistakes,
            other => panic!("{other:?}"),
        }
    };
    let mistakes = call(&[("mebibytes", "-1"), ("colour", "red")]);
    assert_eq!(mistakes.len(), 3, "{mistakes:?}");
    for hostile in [
        "/; rm -rf /",
        "/$(id)",
        "/`id`",
        "/a\n/b",
        "/a\0",
        "--help",
        "relative",
        "",
        &format!("/{}", "a".repeat(2_000)),
    ] {
        let mistakes = call(&[("path", hostile), ("mebibytes", "1")]);
        assert_eq!(mistakes.len(), 1, "{hostile:?}: {mistakes:?}");
    }
    let unknown = shipped()
        .command(&name("rm-rf"), &BTreeMap::new())
        .unwrap_err();
    assert!(unknown.to_string().contains("disk-headroom"), "{unknown}");
}

#[test]
fn a_pattern_has_to_fit_the_whole_value() {
    let directory = Directory::new(HELLO);
    let scripts = directory.load().unwrap();
    let call = |whom: &str| scripts.command(&name("hello"), &values(&[("whom", whom)]));
    assert!(call("ada").is_ok() && call("42").is_ok());
    // Without a bracket around it, `^[a-z]+|[0-9]+$` would fit these.
    for careless in ["ada;id", "; id 42", "ada\n", "ada 42"] {
        assert!(call(careless).is_err(), "{careless:?}");
    }
}

#[tokio::test]
async fn an_edited_script_is_refused_at_load_and_right_before_it_would_run() {
    let directory = Directory::new(HELLO);
    let scripts = directory.load().unwrap();
    directory.write("hello.sh", "#!/bin/sh\necho \"hello $1, and farewell\"\n");
    let mistakes = directory.mistakes();
    assert!(mistakes[0].contains("is not the file"), "{mistakes:?}");
    let cancel = CancellationToken::new();
    let whom = values(&[("whom", "ada")]);
    let outcome = scripts.run(&name("hello"), &whom, &cancel, |_, _| {}).await;
    assert!(
        matches!(outcome, Err(ScriptError::Changed { .. })),
        "{outcome:?}"
    );
}

#[test]
fn a_file_that_is_not_plainly_in_the_directory_is_refused() {
    let directory = Directory::new(HELLO);
    let elsewhere = tempfile::tempdir().unwrap();
    fs::write(elsewhere.path().join("x.sh"), HELLO).unwrap();
    symlink(
        elsewhere.path().join("x.sh"),
        directory.0.path().join("link.sh"),
    )
    .unwrap();
    fs::create_dir(directory.0.path().join("folder")).unwrap();
    let digest = Digest::of_bytes(HELLO.as_bytes());
    let sha256 = digest.as_str().trim_start_matches("sha256:");
    for file in [
        "../x.sh", "/bin/sh", "folder", "folder/x", "link.sh", "..", "", "no.sh", "-x",
    ] {
        directory.manifest(file, sha256);
        assert_eq!(directory.mistakes().len(), 1, "{file}");
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let directory = Directory::new(HELLO);
    let script = |name: &str, more: &str| {
        format!(
            "[[script]]\nname = \"{name}\"\nfile = \"../x\"\nsha256 = \"abc\"\n\
             description = \"\"\ntimeout_seconds = 0\nside_effects = true\n{more}"
        )
    };
    let argument = "[[script.arguments]]\nname = \"Path\"\npattern = '['\ndescription = \"\"\n";
    directory.write(
        MANIFEST,
        &(script("Bad Name", argument) + &script("fine", "")),
    );
    let mistakes = directory.mistakes();
    assert_eq!(mistakes.len(), 6 + 3, "{mistakes:#?}");

    directory.write(MANIFEST, "[[script]]\nname = \"a\"\nshell = \"rm -rf /\"\n");
    assert!(directory.mistakes()[0].contains("shell"));
    let nowhere = Scripts::load(Path::new("/no/such/directory")).unwrap_err();
    assert!(nowhere.to_string().contains("cannot be read"), "{nowhere}");
}

#[test]
fn a_name_or_an_argument_given_twice_is_refused() {
    let directory = Directory::new(HELLO);
    let path = directory.0.path().join(MANIFEST);
    let manifest = fs::read_to_string(&path).unwrap();
    directory.write(MANIFEST, &manifest.repeat(2));
    assert!(directory.mistakes()[0].contains("given twice"));
    let argument = &manifest[manifest.find("[[script.arguments]]").unwrap()..];
    directory.write(MANIFEST, &format!("{manifest}{argument}"));
    assert!(directory.mistakes()[0].contains("given twice"));
}
