//! Where visitors go: loopback addresses only, given as arguments or found in files.

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use reqwest::Url;
use serde::Deserialize;

/// What the files say now.
#[derive(Debug, Default, PartialEq)]
pub struct Discovered {
    pub urls: Vec<Url>,
    /// One sentence for each file or address that cannot be used.
    pub complaints: Vec<String>,
}

/// One group of a Prometheus `file_sd` file; its labels do not matter to a visitor.
#[derive(Deserialize)]
struct TargetGroup {
    targets: Vec<String>,
}

/// Reads `path`: a list of URLs, a `file_sd` file, or a folder of `file_sd` files. What is missing
/// is no mistake: it is not there yet.
pub fn discover(path: &Path) -> Discovered {
    let mut found = Discovered::default();
    for file in files_of(path) {
        match fs::read_to_string(&file) {
            Ok(text) => found.read(&file, &text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => found
                .complaints
                .push(format!("cannot read {}: {error}", file.display())),
        }
    }
    found
}

fn files_of(path: &Path) -> Vec<PathBuf> {
    match fs::read_dir(path) {
        Ok(entries) => entries
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(|file| is_file_sd(file))
            .collect(),
        Err(_) => vec![path.to_owned()],
    }
}

fn is_file_sd(file: &Path) -> bool {
    file.extension()
        .is_some_and(|extension| extension == "json")
}

impl Discovered {
    fn read(&mut self, file: &Path, text: &str) {
        if !is_file_sd(file) {
            text.lines()
                .map(str::trim)
                .filter(|line| !line.is_empty())
                .for_each(|l| self.add(l));
            return;
        }
        match serde_json::from_str::<Vec<TargetGroup>>(text) {
            Ok(groups) => groups
                .iter()
                .flat_map(|group| &group.targets)
                .for_each(|target| self.add(&format!("http://{target}"))),
            Err(error) => self
                .complaints
                .push(format!("cannot read {}: {error}", file.display())),
        }
    }

    fn add(&mut self, url: &str) {
        match loopback_url(url) {
            Ok(url) => self.urls.push(url),
            Err(complaint) => self.complaints.push(complaint),
        }
    }
}

/// An address that visitors may go to.
///
/// # Errors
///
/// A sentence, when it is no plain http URL or leads off this machine: a stream of requests is
/// nothing to aim at somebody else.
pub fn loopback_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| {
        format!("`{text}` is no URL ({error}); give one like http://127.0.0.1:8080")
    })?;
    if url.scheme() != "http" {
        return Err(format!(
            "`{text}` is not plain http; give one like http://127.0.0.1:8080"
        ));
    }
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let loopback = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    if loopback {
        Ok(url)
    } else {
        Err(format!(
            "`{text}` is not on this machine; visitors go to 127.0.0.1, [::1] or localhost only"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_http_on_the_loopback_interface_is_visited() {
        for good in [
            "http://127.0.0.1:8080",
            "http://127.9.9.9/",
            "http://[::1]:1",
            "http://localhost:80/a",
        ] {
            assert!(loopback_url(good).is_ok(), "{good}");
        }
        for bad in [
            "https://127.0.0.1",
            "http://example.org",
            "http://10.0.0.1",
            "http://localhost.example.org",
            "http://127.0.0.1@example.org/",
            "ftp://127.0.0.1",
            "127.0.0.1:8080",
            "",
        ] {
            assert!(loopback_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_missing_path_means_no_address_yet() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(
            discover(&folder.path().join("later")),
            Discovered::default()
        );
        assert_eq!(discover(folder.path()), Discovered::default());
    }

    #[test]
    fn a_list_has_one_url_a_line_and_strangers_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("urls");
        fs::write(
            &list,
            "http://127.0.0.1:1\n\n  http://127.0.0.1:2  \nhttp://example.org\n",
        )
        .unwrap();
        let found = discover(&list);
        assert_eq!(
            found.urls.iter().map(Url::as_str).collect::<Vec<_>>(),
            ["http://127.0.0.1:1/", "http://127.0.0.1:2/"]
        );
        assert_eq!(found.complaints.len(), 1);
    }

    #[test]
    fn a_folder_is_read_as_prometheus_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let targets = r#"[{"targets":["127.0.0.1:3"],"labels":{"release":"rel_1"}}]"#;
        fs::write(folder.path().join("shop.json"), targets).unwrap();
        fs::write(folder.path().join("shop.json.tmp"), "[").unwrap();
        fs::write(folder.path().join("broken.json"), "[").unwrap();
        let found = discover(folder.path());
        assert_eq!(
            found.urls.iter().map(Url::as_str).collect::<Vec<_>>(),
            ["http://127.0.0.1:3/"]
        );
        assert_eq!(found.complaints.len(), 1);
    }
}
