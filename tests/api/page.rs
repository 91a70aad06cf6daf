//! The page: made of files of this server and of nothing else.

use std::collections::BTreeMap;

use regex::Regex;
use reqwest::Method;
use serde_json::json;

use super::house::{Answer, House};

/// Everything that a browser loads for the page, uncompressed.
const LARGEST_PAGE: usize = 250_000;

/// The files that the page names, and those that they import, by their paths.
async fn files(house: &House) -> BTreeMap<String, Answer> {
    let named = Regex::new(r#"(?:src|href)="(/[^"]*)""#).unwrap();
    let imported = Regex::new(r#"(?:from |import\()"(\.[^"]*)""#).unwrap();
    let page = Answer::of(house.request(Method::GET, "/")).await;
    let mut wanted: Vec<String> = named
        .captures_iter(&page.body)
        .map(|found| found[1].to_owned())
        .collect();
    let mut files = BTreeMap::from([("/".to_owned(), page)]);
    while let Some(path) = wanted.pop() {
        if files.contains_key(&path) {
            continue;
        }
        let file = Answer::of(house.request(Method::GET, &path)).await;
        assert_eq!(file.status, 200, "{path}");
        let here = url::Url::parse(&house.url(&path)).unwrap();
        for found in imported.captures_iter(&file.body) {
            wanted.push(here.join(&found[1]).unwrap().path().to_owned());
        }
        files.insert(path, file);
    }
    files
}

#[tokio::test]
async fn the_page_is_whole_small_and_asks_nobody_else() {
    let house = House::new().await;
    let files = files(&house).await;
    let scripts = files.keys().filter(|path| path.ends_with(".js")).count();
    assert!(scripts > 20, "{:?}", files.keys());
    let other_server = Regex::new(r#"https?://[^"'`\s]*"#).unwrap();
    let as_markup =
        Regex::new(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(").unwrap();
    for (path, file) in &files {
        let kind = match path.rsplit_once('.') {
            Some((_, "js")) => "text/javascript; charset=utf-8",
            Some((_, "css")) => "text/css; charset=utf-8",
            Some((_, "svg")) => "image/svg+xml",
            _ => "text/html; charset=utf-8",
        };
        assert_eq!(file.headers["content-type"], kind, "{path}");
        for found in other_server.find_iter(&file.body) {
            // A name space is no address, and a template's address is the service's own.
            let text = found.as_str();
            assert!(
                text.starts_with("http://www.w3.org/") || text.starts_with("http://${"),
                "{path}: {text}"
            );
        }
        if !path.starts_with("/web/vendor/") {
            assert!(!as_markup.is_match(&file.body), "{path}");
        }
    }
    let bytes: usize = files.values().map(|file| file.body.len()).sum();
    assert!(bytes <= LARGEST_PAGE, "{bytes} bytes");
}

#[tokio::test]
async fn the_page_loads_its_scripts_without_waiting_for_one_another() {
    let house = House::new().await;
    let files = files(&house).await;
    let page = &files["/"].body;
    for path in files.keys().filter(|path| path.ends_with(".js")) {
        assert!(page.contains(&format!("\"{path}\"")), "{path} is not named");
    }
}

#[tokio::test]
async fn hc_64_the_browser_runs_nothing_but_the_files_of_the_page() {
    let house = House::new().await;
    let page = Answer::of(house.request(Method::GET, "/")).await;
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    let mut directives: Vec<&str> = policy.split(';').map(str::trim).collect();
    directives.sort_unstable();
    assert_eq!(
        directives,
        [
            "base-uri 'none'",
            "connect-src 'self'",
            "default-src 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "img-src 'self'",
            "require-trusted-types-for 'script'",
            "script-src 'self'",
            "style-src 'self'",
            "trusted-types 'none'",
        ]
    );
    let inline =
        Regex::new(r#"<script(?:\s+type="module")?\s*>|<style|\son\w+=|\sstyle="#).unwrap();
    assert!(!inline.is_match(&page.body));
}

#[tokio::test]
async fn only_what_a_browser_needs_of_the_page_is_served() {
    let house = House::new().await;
    for path in [
        "/web/README.md",
        "/web/jsconfig.json",
        "/web/index.html",
        "/web/nothing.js",
        "/web/..%2fCargo.toml",
        "/web/../Cargo.toml",
        "/web/%2e%2e/src/main.rs",
        "/web/",
    ] {
        let answer = Answer::of(house.request(Method::GET, path)).await;
        answer.problem(404, "not_found");
    }
    let posted = house.post("/web/app.js", json!({})).await;
    posted.problem(405, "method_not_allowed");
}
