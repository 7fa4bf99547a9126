// What the admin's own pages need: forms sent once that show where they are wrong, boxes a finger hits. Everything works without it.
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
// A row is chosen by a small box: a label around it is what a finger hits.
document.addEventListener("DOMContentLoaded", function () {
  document.querySelectorAll("#changelist-form input[type=checkbox]").forEach(function (box) {
    if (box.closest("label")) return;
    const label = document.createElement("label");
    label.className = "cp-tick";
    box.replaceWith(label);
    label.append(box);
  });
});
