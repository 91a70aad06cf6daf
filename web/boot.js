// Loads the page, and loads it again where a file did not come: a browser on the machine of the
// Docker daemon breaks off all its requests whenever a container changes the network there.

const TRIES = "commander.loading";
const MOST = 6;

async function boot() {
  try {
    const style = /** @type {HTMLLinkElement} */ (document.querySelector('link[rel="stylesheet"]'));
    if (!style.sheet) throw new Error("the style did not come");
    await import("./app.js");
    sessionStorage.removeItem(TRIES);
  } catch (error) {
    const tries = Number(sessionStorage.getItem(TRIES) ?? 0) + 1;
    sessionStorage.setItem(TRIES, String(tries));
    console.info(error);
    if (tries <= MOST) setTimeout(() => location.reload(), 250 * tries);
    else document.getElementById("app").textContent = "The page could not be loaded whole. Reload it.";
  }
}

void boot();
