// Fills in the login's window, whose page has no script, and hands what was typed to the main process.

const { ipcRenderer } = require("electron");

window.addEventListener("DOMContentLoaded", () => {
  const asked = new URLSearchParams(window.location.search);
  const form = document.querySelector("form");
  document.getElementById("server").textContent = asked.get("server");
  document.getElementById("again").hidden = !asked.get("again");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ipcRenderer.send("login", form.elements.name.value, form.elements.password.value);
  });
});
