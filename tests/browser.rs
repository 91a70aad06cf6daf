//! The page in a real browser: the distribution's Chromium, driven through its chromedriver, before
//! the real program with real Docker. `scripts/test` installs what is needed.

#[path = "browser/browser.rs"]
mod browser;
// The command line's house and its clients, of which this crate uses a part.
#[allow(dead_code)]
#[path = "cli/commander.rs"]
mod commander;
#[path = "support/docker_image.rs"]
mod docker_image;
#[allow(dead_code)]
#[path = "cli/golden.rs"]
mod golden;
#[path = "browser/hostile.rs"]
mod hostile;
#[path = "support/house.rs"]
mod house;
#[path = "browser/people.rs"]
mod people;
#[path = "support/shop.rs"]
mod shop;
#[path = "browser/states.rs"]
mod states;
#[path = "browser/story.rs"]
mod story;
#[path = "browser/unread.rs"]
mod unread;
