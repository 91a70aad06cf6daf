//! A real engine for a test, with a base image made on the spot: no registry is needed.
//!
//! The base image holds the distribution's static busybox (package `busybox-static`). It is
//! imported, not built, so that each test has one of its own and parallel tests share nothing that
//! could be removed under them. Everything that carries the test's instance id or stands on its
//! base image is removed when the value is dropped, also on panic; for that, this file speaks to
//! the engine by itself, without the adapter that is under test. What BuildKit keeps of a build in
//! its cache stays: it cannot be told from other people's, and the engine tidies it up.

// Each test crate uses a part of this.
#![allow(dead_code)]

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use commander::adapters::docker::{Docker, ImageReference, Instance};
use commander::domain::digest::Digest;
use serde_json::Value;

pub const SOCKET: &str = "/var/run/docker.sock";

/// The programs that a test's container can run.
const APPLETS: &[&str] = &[
    "cat", "dd", "echo", "false", "head", "httpd", "id", "kill", "ls", "mkdir", "nc", "printf",
    "rm", "seq", "sh", "sleep", "tail", "test", "touch", "true", "wget", "yes",
];

/// An engine, an instance of its own, and a base image of its own.
pub struct TestEngine {
    pub docker: Docker,
    pub instance: Instance,
    /// A tag of the base image.
    pub base: ImageReference,
    pub base_id: Digest,
}

impl TestEngine {
    pub fn start() -> Self {
        let random = commander::os::ids::secret(6).unwrap();
        let instance = Instance::parse(&format!("test-{random}")).unwrap();
        let repository = format!("commander-test-{random}");
        let docker = Docker::connect(None, instance.clone()).unwrap();
        let path = format!(
            "/images/create?fromSrc=-&repo={repository}&tag=base&changes=CMD%20sleep%203600"
        );
        let (status, answer) = request("POST", &path, &root_filesystem(&random));
        assert_eq!(status, 200, "{answer}");
        let base = ImageReference::parse(&format!("{repository}:base")).unwrap();
        let (_, inspected) = request("GET", &format!("/images/{base}/json"), b"");
        let inspected: Value = serde_json::from_str(&inspected).unwrap();
        Self {
            docker,
            instance,
            base,
            base_id: Digest::parse(inspected["Id"].as_str().unwrap()).unwrap(),
        }
    }

    /// A tag in the name space of this test.
    pub fn tag(&self, tag: &str) -> ImageReference {
        let repository = self.base.as_str().trim_end_matches(":base");
        ImageReference::parse(&format!("{repository}:{tag}")).unwrap()
    }

    /// A name in the name space of this test.
    pub fn name(&self, name: &str) -> String {
        format!("{}-{name}", self.instance)
    }
}

impl Drop for TestEngine {
    fn drop(&mut self) {
        let by_label = format!(r#"{{"label":["commander.instance={}"]}}"#, self.instance);
        let by_base = format!(r#"{{"ancestor":["{}"]}}"#, self.base_id);
        for filter in [&by_label, &by_base] {
            let path = format!("/containers/json?all=1&filters={}", escaped(filter));
            for container in list(&path) {
                let id = container["Id"].as_str().unwrap_or_default();
                request("DELETE", &format!("/containers/{id}?force=1&v=1"), b"");
            }
        }
        let volumes = format!("/volumes?filters={}", escaped(&by_label));
        let (_, volumes) = request("GET", &volumes, b"");
        let volumes: Value = serde_json::from_str(&volumes).unwrap_or_default();
        for volume in volumes["Volumes"].as_array().into_iter().flatten() {
            let name = volume["Name"].as_str().unwrap_or_default();
            request("DELETE", &format!("/volumes/{name}"), b"");
        }
        // Images go from the leaves to the base, because one with children cannot be removed.
        while self.remove_leaf_images() {}
    }
}

impl TestEngine {
    /// Removes what can be removed of our images; whether anything was.
    fn remove_leaf_images(&self) -> bool {
        let images = list("/images/json?all=1");
        let text = |image: &Value, key: &str| image[key].as_str().unwrap_or_default().to_owned();
        let stands_on_base = |image: &Value| {
            let mut id = text(image, "Id");
            while id != self.base_id.as_str() && !id.is_empty() {
                let parent = images.iter().find(|other| text(other, "Id") == id);
                id = parent
                    .map(|parent| text(parent, "ParentId"))
                    .unwrap_or_default();
            }
            !id.is_empty()
        };
        let is_labelled = |image: &Value| {
            image["Labels"]["commander.instance"].as_str() == Some(self.instance.as_str())
        };
        let ours: Vec<&Value> = images
            .iter()
            .filter(|image| stands_on_base(image) || is_labelled(image))
            .collect();
        let is_removed = |image: &&Value| {
            let id = text(image, "Id");
            request("DELETE", &format!("/images/{id}?force=1"), b"").0 == 200
        };
        ours.into_iter().filter(is_removed).count() > 0
    }
}

fn list(path: &str) -> Vec<Value> {
    serde_json::from_str(&request("GET", path, b"").1).unwrap_or_default()
}

/// Sends one request to the engine. HTTP 1.0, so that the answer is not chunked.
pub fn request(method: &str, path: &str, body: &[u8]) -> (u16, String) {
    let mut socket = UnixStream::connect(SOCKET).unwrap();
    let head = format!(
        "{method} {path} HTTP/1.0\r\nHost: docker\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    socket.write_all(head.as_bytes()).unwrap();
    socket.write_all(body).unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    (status.unwrap_or_default(), body.to_owned())
}

/// Percent-encodes all that is not a letter or digit.
pub fn escaped(text: &str) -> String {
    text.bytes()
        .map(|b| match b {
            b if b.is_ascii_alphanumeric() => char::from(b).to_string(),
            b => format!("%{b:02X}"),
        })
        .collect()
}

/// A tar of files. Modification times are 0, so that equal files are equal layers.
pub fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o755);
        header.set_mtime(0);
        header.set_cksum();
        tar.append_data(&mut header, path, *content).unwrap();
    }
    tar.into_inner().unwrap()
}

/// Busybox, a folder for scratch files, and a file that makes the layer one of its own, so that no
/// builder's cache knows it from an earlier test.
fn root_filesystem(random: &str) -> Vec<u8> {
    let busybox = std::fs::read("/bin/busybox")
        .expect("install the package busybox-static: tests build their base image from it");
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(busybox.len() as u64);
    header.set_mode(0o755);
    header.set_cksum();
    tar.append_data(&mut header, "bin/busybox", busybox.as_slice())
        .unwrap();
    for applet in APPLETS {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        header.set_cksum();
        tar.append_link(&mut header, format!("bin/{applet}"), "busybox")
            .unwrap();
    }
    let mut header = tar::Header::new_gnu();
    header.set_size(random.len() as u64);
    header.set_mode(0o644);
    header.set_cksum();
    tar.append_data(&mut header, "test", random.as_bytes())
        .unwrap();
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Directory);
    header.set_mode(0o777);
    header.set_size(0);
    header.set_cksum();
    tar.append_data(&mut header, "tmp/", std::io::empty())
        .unwrap();
    tar.into_inner().unwrap()
}
