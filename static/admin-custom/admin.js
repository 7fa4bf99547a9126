// What the admin's own pages need: forms that are sent once, and show where they are wrong. Everything works without it.
document.addEventListener("submit", function (event) {
  const form = event.target;
  if (!form.matches("form[data-once]")) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
  form.querySelectorAll("button[type=submit]").forEach(function (button) {
    button.setAttribute("aria-disabled", "true");
    button.classList.add("cp-waiting");
  });
});
// Coming back by the browser's button: the form may be sent again.
window.addEventListener("pageshow", function () {
  document.querySelectorAll("form[data-once]").forEach(function (form) {
    delete form.dataset.sent;
    form.querySelectorAll("button.cp-waiting").forEach(function (button) {
      button.removeAttribute("aria-disabled");
      button.classList.remove("cp-waiting");
    });
  });
});
// After a refusal one writes where it is wrong.
document.addEventListener("DOMContentLoaded", function () {
  const wrong =
    document.querySelector("form [aria-invalid=true]:not([type=hidden])") || document.querySelector(".cp-errors[tabindex]");
  if (wrong) wrong.focus();
});
