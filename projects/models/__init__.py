from projects.models.policy import Policy
from projects.models.project import Material, PayingCompany, Permit, Phase, Project, Unit

__all__ = ["Material", "PayingCompany", "Permit", "Phase", "Policy", "Project", "Unit"]
