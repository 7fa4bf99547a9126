from projects.models.policy import Policy
from projects.models.project import Holiday, Material, PayingCompany, Permit, Phase, Project, Unit

__all__ = ["Holiday", "Material", "PayingCompany", "Permit", "Phase", "Policy", "Project", "Unit"]
